import DataLoader from 'dataloader';
import Fastify from 'fastify';
import { GraphQLScalarType } from 'graphql';
import mercurius from 'mercurius';
import pg from 'pg';
import { formatMicros } from '../../src/money.ts';
import { type IdType, parseGlobalId, toGlobalId } from '../../src/platform/reads/global-id.ts';

/* Mercurius with its JIT, pg, and a dataloader for each level: code that follows the documentation on speed. */
const schema = `
  scalar DateTime
  type Query { project(id: ID!): Project character(id: ID!): Character }
  type Project { id: ID! name: String! characters(first: Int!): CharacterConnection! }
  type CharacterConnection { nodes: [Character!]! }
  type Character {
    id: ID! name: String! description: String appearance: String tags: [String!]! createdAt: DateTime! updatedAt: DateTime!
    referenceImages(first: Int): [ReferenceImage!]! generations(first: Int!): GenerationConnection!
  }
  enum ReferenceImageKind { FACE BODY STYLE POSE }
  type ReferenceImage { id: ID! kind: ReferenceImageKind! label: String createdAt: DateTime! }
  type GenerationConnection { nodes: [Generation!]! }
  enum GenerationStatus {
    AWAITING_APPROVAL QUEUED SUBMITTING SUBMITTED PROCESSING STORING COMPLETED FAILED CANCELED UNCERTAIN
  }
  type Generation {
    id: ID! status: GenerationStatus! prompt: String batch: String modelVersion: String! isSlow: Boolean! cost: String
    requestedAt: DateTime! submittedAt: DateTime finishedAt: DateTime inferenceSeconds: Float
  }`;

interface Row {
  readonly id: string;
}
interface Child extends Row {
  readonly parent: string;
}
interface Run extends Row {
  readonly cost: string | null;
}

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 20 });

async function read<Found extends pg.QueryResultRow>(
  name: string,
  text: string,
  values: unknown[],
): Promise<Found[]> {
  return (await pool.query<Found>({ name, text, values })).rows;
}

const characterColumns =
  'id, name, description, appearance, tags, created_at AS "createdAt", updated_at AS "updatedAt"';
const below = (columns: string, table: string, order: string) =>
  `SELECT p.id AS parent, r.* FROM unnest($1::uuid[]) AS p(id) CROSS JOIN LATERAL (SELECT ${columns} FROM ${table}
   WHERE character_id = p.id ORDER BY ${order} DESC, id DESC LIMIT $2) r`;
const referencesSql = below('id, kind, label, created_at AS "createdAt"', 'reference_images', 'created_at');
const runsSql = below(
  `id, status, prompt, batch, model_version AS "modelVersion", is_slow AS "isSlow", cost_micros AS cost,
   requested_at AS "requestedAt", submitted_at AS "submittedAt", finished_at AS "finishedAt", inference_seconds AS "inferenceSeconds"`,
  'generations',
  'requested_at',
);

/** Loads the children of all characters of a page in one statement, for one value of `first`. */
const childLoader = (name: string, sql: string, first: number) =>
  new DataLoader<string, Child[]>(async (ids) => {
    const byParent = Map.groupBy(await read<Child>(name, sql, [ids, first]), (row) => row.parent);
    return ids.map((id) => byParent.get(id) ?? []);
  });

class Loaders {
  readonly #loaders = new Map<string, DataLoader<string, Child[]>>();
  load(name: string, sql: string, id: string, first: number): Promise<Child[]> {
    const key = `${name} ${first}`;
    const loader = this.#loaders.get(key) ?? childLoader(name, sql, first);
    this.#loaders.set(key, loader);
    return loader.load(id);
  }
}

const idOf = (type: IdType) => ({ id: (row: Row) => toGlobalId(type, row.id) });
const rowId = (id: string) => parseGlobalId(id)?.id;
const firstRow = async (name: string, text: string, id: string) =>
  (await read<Row>(name, text, [rowId(id)]))[0] ?? null;

const resolvers = {
  DateTime: new GraphQLScalarType<Date, string>({
    name: 'DateTime',
    serialize: (value) => (value instanceof Date ? value.toISOString() : String(value)),
  }),
  Query: {
    project: (_: unknown, { id }: { id: string }) =>
      firstRow('project', 'SELECT id, name FROM projects WHERE id = $1', id),
    character: (_: unknown, { id }: { id: string }) =>
      firstRow('character', `SELECT ${characterColumns} FROM characters WHERE id = $1`, id),
  },
  Project: {
    ...idOf('Project'),
    characters: async (project: Row, { first }: { first: number }) => ({
      nodes: await read<Row>(
        'characters',
        `SELECT ${characterColumns} FROM characters WHERE project_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2`,
        [project.id, first],
      ),
    }),
  },
  Character: {
    ...idOf('Character'),
    referenceImages: ({ id }: Row, { first = 20 }: { first?: number }, { loaders }: { loaders: Loaders }) =>
      loaders.load('references', referencesSql, id, first),
    generations: async ({ id }: Row, { first }: { first: number }, { loaders }: { loaders: Loaders }) => ({
      nodes: await loaders.load('runs', runsSql, id, first),
    }),
  },
  ReferenceImage: idOf('ReferenceImage'),
  Generation: {
    ...idOf('Generation'),
    cost: ({ cost }: Run) => (cost === null ? null : formatMicros(BigInt(cost))),
  },
};

declare module 'mercurius' {
  interface MercuriusContext {
    readonly loaders: Loaders;
  }
}

const app = Fastify();
await app.register(mercurius, { schema, resolvers, jit: 1, context: () => ({ loaders: new Loaders() }) });
const url = await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`${JSON.stringify({ msg: 'listening', url })}\n`);
process.on('SIGTERM', () => process.exit(0));
