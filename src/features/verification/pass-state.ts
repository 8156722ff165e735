import type pg from 'pg';
import { z } from 'zod';
import type { Database } from '../../platform/db/connect.ts';
import { type Finding, finding } from './finding.ts';

/*
 * A pass reads all stored data of one kind, in many small steps. Its place and its findings are in a setting of the
 * database, so that any process can continue from there.
 */

/** The kind of data that a pass reads: all entries of the audit log, or all stored bytes. */
export type PassName = 'ENTRIES' | 'PICTURES';

const settingNames = { ENTRIES: 'verification-of-entries', PICTURES: 'verification-of-pictures' } as const;
/** How many findings are kept. */
const mostFindings = 20;

const passState = z.object({
  /** In milliseconds since 1970, by the database's clock. */
  startedAt: z.number(),
  /** The number of entries or pictures that were read. */
  read: z.number(),
  findingCount: z.number(),
  /** The first findings. */
  findings: z.array(finding),
});
export type PassState = z.output<typeof passState>;

const passes = z.object({
  /** The pass that runs now, and the place up to which it has read, in the pass's own form. */
  current: passState.extend({ place: z.unknown() }).nullable(),
  /** The last pass that has read everything. */
  ended: passState.extend({ endedAt: z.number() }).nullable(),
});
/** The passes over one kind. */
export type Passes = z.output<typeof passes>;

const none: Passes = { current: null, ended: null };

/** The state of a pass that begins. */
export function newPass(startedAt: number): PassState {
  return { startedAt, read: 0, findingCount: 0, findings: [] };
}

/** Adds the result of a step. */
export function addStep(
  state: PassState,
  read: number,
  found: readonly Finding[],
  foundCount: number,
): PassState {
  return {
    ...state,
    read: state.read + read,
    findingCount: state.findingCount + foundCount,
    findings: [...state.findings, ...found].slice(0, mostFindings),
  };
}

/** Collects the findings of a step: the first ones, and their number. */
export function collectFindings() {
  const found = { count: 0, first: [] as Finding[] };
  const report = (each: Finding) => {
    found.count += 1;
    if (found.first.length < mostFindings) found.first.push(each);
  };
  return { found, report };
}

/**
 * The passes over one kind, and the present time. A state that cannot be read, as of another version, counts as none.
 */
export async function findPasses(
  client: pg.ClientBase,
  name: PassName,
): Promise<{ passes: Passes; now: number }> {
  const { rows } = await client.query<{ value: string | null; now: number }>(
    `SELECT extract(epoch FROM now())::float8 * 1000 AS now, (SELECT value FROM settings WHERE name = $1) AS value`,
    [settingNames[name]],
  );
  return { passes: parse(rows[0]?.value), now: rows[0]?.now ?? 0 };
}

/** Stores the passes over one kind. */
export async function keepPasses(client: pg.ClientBase, name: PassName, kept: Passes): Promise<void> {
  await client.query(
    'INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    [settingNames[name], JSON.stringify(kept)],
  );
}

/** One pass, for the API. */
export interface PassRow extends Omit<PassState, 'startedAt'> {
  readonly startedAt: Date;
  readonly endedAt: Date | null;
}

/** The passes over one kind, for the API. */
export interface PassesRow {
  readonly current: PassRow | null;
  readonly ended: PassRow | null;
}

/** Reads the passes over one kind, for the API. */
export async function readPasses(db: Pick<Database, 'setting'>, name: PassName): Promise<PassesRow> {
  const { current, ended } = parse(
    (await db.setting.findUnique({ where: { name: settingNames[name] } }))?.value,
  );
  return {
    current: current && { ...current, startedAt: new Date(current.startedAt), endedAt: null },
    ended: ended && { ...ended, startedAt: new Date(ended.startedAt), endedAt: new Date(ended.endedAt) },
  };
}

function parse(value: string | null | undefined): Passes {
  return passes.safeParse(value ? JSON.parse(value) : null).data ?? none;
}
