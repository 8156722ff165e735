import { randomBytes } from 'node:crypto';
import { toGlobalId } from '../src/platform/reads/global-id.ts';
import { atMost, type Bench, type Result } from './result.ts';
import { withClient } from './support/client.ts';
import { libraryProjectId } from './support/fill.ts';
import { postgresCostOf } from './support/postgres-cost.ts';
import { aboutCharacter, askOnce, dataOf, libraryQuery, type Target } from './support/questions.ts';
import { type Contestant, race } from './support/race.ts';
import { openStage, type Stage, type StagedServer } from './support/stage.ts';

const projectId = toGlobalId('Project', libraryProjectId);
const adminKey = randomBytes(24).toString('hex');
const short = { seconds: 1, rounds: 5, warmupSeconds: 1 };

/** Lists with filters and counts, and objects by their ids, against the plain page or list. */
export const lists: Bench = {
  name: 'lists',
  about: 'nodes and projects against compiled lists; filters, counts and logs against the plain page.',
  async run() {
    await using stage = await openStage();
    const url = await stage.postgres.library('large');
    const ours = await stage.dramatis(url);
    const results = [...(await byIds(ours, url)), ...(await filters(ours, url))];
    await ours.stop();
    return [...results, ...(await logs(stage))];
  },
};

const ask = (query: string, variables: object = {}) => JSON.stringify({ query, variables });
const fields = 'id name description appearance tags createdAt updatedAt';

/** `node`, `nodes` and `projects` against documents that were always compiled. */
async function byIds(ours: StagedServer, url: string): Promise<Result[]> {
  const { rows } = await withClient(url, (client) =>
    client.query<{ id: string }>(
      'SELECT id FROM characters WHERE project_id = $1 ORDER BY created_at DESC, id DESC LIMIT 100',
      [libraryProjectId],
    ),
  );
  const ids = rows.map(({ id }) => toGlobalId('Character', id));
  const contestant = (...bodies: string[]): Contestant => ({ ...ours, bodies });
  const nodes = contestant(
    ask(`query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Character { ${fields} } } }`, { ids }),
  );
  const list = contestant(
    ask(`{ project(id: "${projectId}") { characters(first: 100) { nodes { ${fields} } } } }`),
  );
  const node = contestant(
    ...ids.map((id) => ask(`query ($id: ID!) { node(id: $id) { ... on Character { ${fields} } } }`, { id })),
  );
  const one = contestant(...rows.map(({ id }) => aboutCharacter(id)));
  const projects = contestant(
    ask(
      libraryQuery
        .replace('($projectId: ID!)', '')
        .replace('project(id: $projectId) {', 'projects(first: 1) { nodes {')
        .concat(' }'),
    ),
  );
  const project = contestant(ask(libraryQuery, { projectId }));
  await checkSame(ours, nodes.bodies[0], list.bodies[0], '[{"id"');
  await checkSame(ours, projects.bodies[0], project.bodies[0], '{"characters"');
  const pairs = [
    { bound: 2, what: 'time of nodes(100 ids)', against: 'a list of the same 100', slow: nodes, fast: list },
    { bound: 1.5, what: 'time of node(id)', against: 'character(id)', slow: node, fast: one },
    {
      bound: 1.2,
      what: 'time of the library query below projects',
      against: 'below project(id)',
      slow: projects,
      fast: project,
    },
  ];
  const results: Result[] = [];
  for (const { bound, what, against, slow, fast } of pairs) {
    const measured = await race([slow, fast], short);
    // A ratio of times is the inverse ratio of rates.
    results.push(atMost(bound, { what, against, ...measured.ratio(fast, slow) }));
  }
  return results;
}

/** Throws unless two responses have the same text from `start` on, up to the brackets that close them. */
async function checkSame(target: Target, one = '', other = '', start = ''): Promise<void> {
  const [first, second] = await Promise.all(
    [one, other].map(async (body) => dataOf(await askOnce(target, body))),
  );
  const tailOf = (text = '') => text.slice(text.indexOf(start)).replace(/[\]}]+$/, '');
  if (!first?.includes(start) || tailOf(first) !== tailOf(second))
    throw new Error(`not the same:\n${one}\n${other}`);
}

const runs = (args: string, selection: string) =>
  ask(`{ project(id: "${projectId}") { generations(first: 50${args}) { ${selection} } } }`);
const page = 'nodes { id status requestedAt cost } pageInfo { hasNextPage endCursor }';

/** A project's runs by status, and their number, against the plain page: Postgres alone. */
async function filters(ours: Target, url: string): Promise<Result[]> {
  const { ratioTo } = await postgresCostOf(url, (body) => askOnce(ours, body), {
    plain: runs('', page),
    one: runs(', filter: { statuses: [COMPLETED] }', page),
    rare: runs(', filter: { statuses: [FAILED] }', page),
    several: runs(', filter: { statuses: [CANCELED, FAILED, UNCERTAIN] }', page),
    none: runs(', filter: { statuses: [AWAITING_APPROVAL, UNCERTAIN] }', page),
    counted: runs('', `${page} totalCount`),
    countedCompleted: runs(', filter: { statuses: [COMPLETED] }', `${page} totalCount`),
  });
  const against = 'the page of all runs';
  return [
    atMost(1.5, {
      what: "Postgres' time for a page of 800,000 COMPLETED runs",
      against,
      ...ratioTo('one', 'plain'),
    }),
    atMost(1.5, {
      what: "Postgres' time for a page of 40,000 FAILED runs",
      against,
      ...ratioTo('rare', 'plain'),
    }),
    atMost(4, {
      what: "Postgres' time for a page of three statuses",
      against,
      ...ratioTo('several', 'plain'),
    }),
    atMost(3, {
      what: "Postgres' time for a page of two statuses without runs",
      against,
      ...ratioTo('none', 'plain'),
    }),
    atMost(5, {
      what: "Postgres' time for a page with totalCount of 860,000 runs",
      against,
      ...ratioTo('counted', 'plain'),
    }),
    atMost(5, {
      what: "Postgres' time for a page with totalCount of 800,000 COMPLETED runs",
      against,
      ...ratioTo('countedCompleted', 'plain'),
    }),
  ];
}

const logRows = 600_000;

/** The ledger by a rare kind, and the audit log by actions, against the plain page: Postgres alone. */
async function logs(stage: Stage): Promise<Result[]> {
  const url = await stage.postgres.copyOf('small', 'lists');
  // The first start decides the provider environment, which the entries have.
  const environment = { ROLE: 'api', ADMIN_API_KEY: adminKey };
  const started = await stage.dramatis(url, { name: 'dramatis-lists', environment });
  await withClient(url, async (client) => {
    await client.query('SET session_replication_role = replica; SET synchronous_commit = off');
    await client.query(
      `INSERT INTO ledger_entries (project_id, generation_id, kind, debit, credit, amount_micros, day, model, character_id, source)
       SELECT $1::uuid, md5((n / 3)::text)::uuid, kind::"LedgerEntryKind", debit::"LedgerAccount", credit::"LedgerAccount", 1,
         '2026-01-01', 'm', md5((n % 100)::text)::uuid, 'PROVIDER'
       FROM generate_series(1, $2::int) n JOIN (VALUES (0, 'HOLD', 'HELD', 'AVAILABLE'), (1, 'CHARGE', 'SPENT', 'HELD'),
         (2, 'RELEASE', 'AVAILABLE', 'HELD'), (3, 'ADJUST', 'SPENT', 'AVAILABLE')) AS e(place, kind, debit, credit)
         ON place = CASE WHEN n % 10000 = 0 THEN 3 ELSE n % 3 END ORDER BY n`,
      [libraryProjectId, logRows],
    );
    await client.query(
      `INSERT INTO audit_entries (project_id, sequence, actor_kind, action, target_type, target_id, previous_hash, hash)
       SELECT $1::uuid, n, 'ADMIN', CASE WHEN n % 10000 = 0 THEN 'MEMBER_INVITED' WHEN n % 10000 = 5 THEN 'API_KEY_CREATED' ELSE 'GENERATION_REQUESTED' END,
         'Generation', md5(n::text)::uuid, repeat('0', 64), repeat('0', 64) FROM generate_series(1, $2::int) n`,
      [libraryProjectId, logRows],
    );
    await client.query('VACUUM (ANALYZE) ledger_entries, audit_entries');
  });
  const ours = { ...started, authorization: `Bearer ${adminKey}` };
  const list = (name: string, args: string, selection: string) =>
    ask(`{ project(id: "${projectId}") { ${name}(first: 50${args}) { nodes { ${selection} } } } }`);
  const deep = Buffer.from(String(logRows / 2)).toString('base64url');
  const { ratioTo } = await postgresCostOf(url, (body) => askOnce(ours, body), {
    ledger: list('ledger', '', 'id kind amount at'),
    adjust: list('ledger', ', filter: { kinds: [ADJUST] }', 'id kind amount at'),
    kinds: list('ledger', ', filter: { kinds: [ADJUST, RELEASE] }', 'id kind amount at'),
    audit: list('auditLog', '', 'sequence action at targetId'),
    actions: list(
      'auditLog',
      `, after: "${deep}", filter: { actions: [MEMBER_INVITED, API_KEY_CREATED] }`,
      'sequence action at targetId',
    ),
  });
  await started.stop();
  return [
    atMost(5, {
      what: "Postgres' time for a page of the ledger by a rare kind",
      against: 'a page of the ledger',
      ...ratioTo('adjust', 'ledger'),
    }),
    atMost(5, {
      what: "Postgres' time for a page of the ledger by two kinds",
      against: 'a page of the ledger',
      ...ratioTo('kinds', 'ledger'),
    }),
    atMost(5, {
      what: "Postgres' time for a deep page of the audit log by two rare actions",
      against: 'a page of the log',
      ...ratioTo('actions', 'audit'),
    }),
  ];
}
