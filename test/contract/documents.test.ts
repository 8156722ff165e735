import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { buildSchema, isInterfaceType, isObjectType, Kind, parse, validate } from 'graphql';

const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
const pagesIn = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
const manual = ['README.md', ...pagesIn('docs')];
const pages = ['.', 'docs', 'prisma', 'bench'].flatMap(pagesIn);

const read = (path: string) => readFileSync(path, 'utf8');
const withoutBlocks = (text: string) => text.replaceAll(/^ *```.*?^ *```$/gms, '');

/** The errors of a GraphQL block, whose operations are validated one by one, because they may all be anonymous. */
function problemsOf(block: string): string[] {
  const { definitions } = parse(block, { noLocation: true });
  return definitions.flatMap((definition) =>
    validate(schema, { kind: Kind.DOCUMENT, definitions: [definition] }).map(({ message }) => message),
  );
}

/** The anchors of a page, as GitHub makes them from its headings. */
function anchorsOf(path: string): string[] {
  const seen = new Map<string, number>();
  return [...withoutBlocks(read(path)).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => {
    const anchor = heading
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(anchor) ?? 0;
    seen.set(anchor, count + 1);
    return count === 0 ? anchor : `${anchor}-${count}`;
  });
}

describe('the manual', () => {
  it('shows only GraphQL operations that are valid', () => {
    const blocks = manual.flatMap((path) =>
      [...read(path).matchAll(/^ *```graphql\n(.*?)^ *```$/gms)].map(([, block = '']) => ({ path, block })),
    );
    expect(blocks.length).toBeGreaterThan(4);
    const wrong = blocks.map(({ path, block }) => ({ path, problems: problemsOf(block) }));
    expect(wrong.filter(({ problems }) => problems.length > 0)).toEqual([]);
  });

  it('names only fields that exist: `Type.field` and `field(argument:`', () => {
    const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
    const wrong = manual.flatMap((path) =>
      [...withoutBlocks(read(path)).matchAll(/`(?:([A-Z]\w+)\.)?([a-z]\w+)(?:\((\w+):[^`]*)?[^`]*`/g)]
        .filter(([, type = '', , argument = '']) => (type ? schema.getType(type) : argument))
        .filter(([, name = '', field = '', argument]) => {
          const types = name ? [schema.getType(name)] : [...roots, schema.getType('Project')];
          const fields = types.flatMap((type) =>
            isObjectType(type) || isInterfaceType(type) ? (type.getFields()[field] ?? []) : [],
          );
          return !fields.some(({ args }) => !argument || args.some((each) => each.name === argument));
        })
        .map(([code]) => `${path}: ${code}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('each page', () => {
  it('links only to files and headings that exist', () => {
    const links = pages.flatMap((path) =>
      [...withoutBlocks(read(path)).matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, link = '']) => link)
        .filter((link) => !/^[a-z]+:/.test(link))
        .map((link) => ({ path, link })),
    );
    expect(links.length).toBeGreaterThan(100);
    const wrong = links.filter(({ path, link }) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : join(dirname(path), file);
      if (!existsSync(target)) return true;
      return anchor !== undefined && !(statSync(target).isFile() && anchorsOf(target).includes(anchor));
    });
    expect(wrong).toEqual([]);
  });
});
