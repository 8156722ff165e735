import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isNonNullType,
  isObjectType,
} from 'graphql';

/** What arguments are chosen from. */
export interface Known {
  readonly cursors: readonly string[];
  /** Those of lists that are ordered by a number. */
  readonly numberCursors: readonly string[];
  readonly characterIds: readonly string[];
}

/** Connections that are ordered by a number: others' cursors are none of theirs. */
const numbered = ['imagesConnection'];

/** Whether an argument must be given, and this does not know how. */
function isDemanding({ name, type, defaultValue }: GraphQLArgument): boolean {
  return isNonNullType(type) && defaultValue === undefined && !['first', 'last'].includes(name);
}

function isOfConnection({ name }: GraphQLObjectType): boolean {
  return /(Connection|Edge|PageInfo)$/.test(name);
}

/** Valid documents about one project, drawn at random from the schema: any nesting, arguments, aliases, fragments, conditions. */
export class Documents {
  #fragments: string[] = [];
  #names = 0;

  constructor(
    readonly schema: GraphQLSchema,
    readonly chance: () => number,
    readonly known: Known,
  ) {}

  /** One document with the variables $projectId, $yes, $no, $count and $cursor. */
  draw(depth: number): string {
    this.#fragments = [];
    const type = this.schema.getType('Project');
    if (!isObjectType(type)) throw new Error('There are no projects.');
    const body = `project(id: $projectId) ${this.#selection(type, depth)}`;
    const variables =
      '$projectId: ID!, $yes: Boolean!, $no: Boolean = false, $count: Int = 2, $cursor: String';
    return `query Drawn(${variables}) { ${body} } ${this.#fragments.join(' ')}`;
  }

  #below(bound: number): number {
    return Math.floor(this.chance() * bound);
  }

  #oneOf<Item>(items: readonly Item[]): Item | undefined {
    return items[this.#below(items.length)];
  }

  #selection(type: GraphQLObjectType, depth: number): string {
    const all = Object.values(type.getFields()).filter(
      (field) => (depth > 0 || !isObjectType(getNamedType(field.type))) && !field.args.some(isDemanding),
    );
    // Fields that are never compiled are drawn now and then.
    const usual = all.filter((field) => !field.resolve || field.extensions.read || isOfConnection(type));
    const fields = usual.length > 0 && this.chance() < 0.96 ? usual : all;
    const wanted = 1 + this.#below(5);
    const parts = Array.from({ length: wanted }, () => {
      if (this.chance() < 0.06) return '__typename';
      // Lists are what this is about.
      const objects = fields.filter((field) => isObjectType(getNamedType(field.type)));
      const field = this.#oneOf(objects.length > 0 && this.chance() < 0.5 ? objects : fields);
      return field ? this.#field(field, depth) : '__typename';
    });
    const half = this.#below(parts.length + 1);
    const [plain, spread] = [parts.slice(0, half).join(' '), parts.slice(half).join(' ')];
    if (spread === '' || this.chance() < 0.7) return `{ ${plain} ${spread} }`;
    if (this.chance() < 0.5) return `{ ${plain} ... on ${type.name}${this.#condition()} { ${spread} } }`;
    const name = `F${this.#names++}`;
    this.#fragments.push(`fragment ${name} on ${type.name} { ${spread} }`);
    return `{ ${plain} ...${name}${this.#condition()} }`;
  }

  #field(field: GraphQLField<unknown, unknown>, depth: number): string {
    const target = getNamedType(field.type);
    const args = this.#arguments(field.args, numbered.includes(field.name));
    const alias = args !== '' || this.chance() < 0.15 ? `a${this.#names++}: ` : '';
    const below = isObjectType(target) ? this.#selection(target, depth - 1) : '';
    return `${alias}${field.name}${args}${this.#condition()} ${below}`;
  }

  #condition(): string {
    return this.chance() < 0.85
      ? ''
      : (this.#oneOf([
          ' @include(if: $yes)',
          ' @skip(if: $yes)',
          ' @include(if: $no)',
          ' @skip(if: false)',
        ]) ?? '');
  }

  #arguments(declared: readonly GraphQLArgument[], isNumbered: boolean): string {
    const cursors = isNumbered ? this.known.numberCursors : this.known.cursors;
    const names = declared.map(({ name }) => name);
    const given: string[] = [];
    const isPage = names.includes('last');
    if (isPage) {
      const from = this.chance() < 0.65 ? 'first' : 'last';
      const count = this.chance() < 0.3 ? '$count' : this.chance() < 0.04 ? '0' : String(1 + this.#below(4));
      given.push(`${from}: ${count}`);
    }
    for (const { name, type } of declared) {
      const target = getNamedType(type);
      if (['first', 'last'].includes(name) && isPage) continue;
      if (!isNonNullType(type) && this.chance() < 0.6) continue;
      if (name === 'after' || name === 'before') {
        const cursor =
          !isNumbered && this.chance() < 0.3 ? '$cursor' : JSON.stringify(this.#oneOf(cursors) ?? '');
        if (cursors.length > 0) given.push(`${name}: ${cursor}`);
      } else if (name === 'first') given.push(`first: ${1 + this.#below(4)}`);
      else if (target.name === 'GenerationFilter') given.push(`filter: ${this.#filter()}`);
      else if (isEnumType(target) && this.chance() < 0.5)
        given.push(`${name}: ${this.#oneOf(target.getValues())?.name}`);
      else if (name === 'width') given.push('width: 64');
    }
    return given.length > 0 ? `(${given.join(', ')})` : '';
  }

  #filter(): string {
    const parts: string[] = [];
    if (this.chance() < 0.5) parts.push('statuses: [COMPLETED, FAILED]');
    if (this.chance() < 0.3) parts.push('batch: "Cover"');
    if (this.chance() < 0.3) parts.push(`characterId: "${this.#oneOf(this.known.characterIds)}"`);
    return `{ ${parts.join(', ')} }`;
  }
}
