import { z } from 'zod';
import type { Generation as GenerationRow } from '../../../platform/db/generated/client.ts';
import { generationStatuses } from '../generation-state.ts';
import { micros, moment, outputProblems } from './event-json.ts';

/*
 * All columns of a run, each with its kind: when it is written, and whether events keep it. The rest is derived from
 * this list: the columns of a request and of an insert, the columns that a move may write, the columns that an event
 * keeps, and a run as it was at an event. `prisma/schema.prisma` describes each column, and views are made from it. The
 * SQL functions that write runs also name columns; a test compares them with this list.
 *
 * A new column is named in three places: in `prisma/` (the schema, and a migration with the functions that write it),
 * here, and as a field of the API. The compiler or a test reports each missing place.
 */

/** Known when the run is requested. It never changes; only an idempotency key is removed after some time. */
const request = { kind: 'REQUEST', isShown: true } as const;
/** The same, for a column that no field of the API shows. */
const hiddenRequest = { kind: 'REQUEST', isShown: false } as const;
/** Made by the database when it inserts the run; it never changes. */
const insert = { kind: 'INSERT' } as const;
/** Changes with moves; no event keeps it. */
const internal = { kind: 'INTERNAL' } as const;
/** Not set by a move: it changes in the database's functions, or by a separate statement. */
const separate = { kind: 'SEPARATE' } as const;

/** Changes with moves, and each event keeps its value. `json` is its form in the event. */
function progress<Json extends z.ZodType>(json: Json) {
  return { kind: 'PROGRESS', json } as const;
}

/** The same, for a column that is null in a new run and in an event that is older than the column. */
function later<Json extends z.ZodType>(json: Json) {
  return progress(z.nullable(json).default(null));
}

/** Each column of a run, by the row's names. */
export const columns = {
  id: insert,
  projectId: request,
  characterId: request,
  idempotencyKey: hiddenRequest,
  requestHash: hiddenRequest,
  model: request,
  modelVersion: request,
  prompt: request,
  parameters: request,
  references: request,
  seed: request,
  priceMicros: hiddenRequest,
  holdMicros: request,
  priceShape: hiddenRequest,
  outputCount: hiddenRequest,
  resultKey: hiddenRequest,
  userId: request,
  apiKeyId: request,
  batch: request,
  retryOfId: request,
  requestedAt: insert,
  environment: request,
  requestedOn: insert,

  status: progress(z.enum(generationStatuses)),
  holdsSlot: separate,
  attemptedAt: internal,
  isAttemptOver: internal,
  wakeupId: internal,
  attemptToken: internal,
  providerAccount: internal,
  providerRequestId: later(z.string()),
  isSlow: progress(z.boolean().default(false)),
  cancelRequestedAt: later(moment),
  submittedAt: later(moment),
  startedAt: later(moment),
  finishedAt: later(moment),
  inferenceSeconds: later(z.number()),
  costMicros: later(micros),
  costSource: later(z.string()),
  pictures: internal,
  discarded: separate,
  failureCode: later(z.string()),
  failureMessage: later(z.string()),
  failureRetryable: later(z.boolean()),
  outputs: internal,
  outputProblems: progress(outputProblems.default([])),
  waitingFor: separate,
  waitingSince: separate,
} as const satisfies { readonly [Name in keyof GenerationRow]: Kind<GenerationRow[Name]> };

type Kind<Value> =
  | { readonly kind: 'REQUEST'; readonly isShown: boolean }
  | { readonly kind: 'INSERT' | 'INTERNAL' | 'SEPARATE' }
  | { readonly kind: 'PROGRESS'; readonly json: z.ZodType<Value> };

type Columns = typeof columns;
type KindName = Columns[keyof Columns]['kind'];

/** The columns of a kind, by name. */
export type ColumnOf<K extends KindName> = {
  [Name in keyof Columns]: Columns[Name] extends { readonly kind: K } ? Name : never;
}[keyof Columns];

/** The names of the columns of a kind. */
export function columnsOf<K extends KindName>(kind: K): ColumnOf<K>[] {
  const isOfKind = (entry: [string, { readonly kind: KindName }]): entry is [ColumnOf<K>, never] =>
    entry[1].kind === kind;
  return Object.entries(columns)
    .filter(isOfKind)
    .map(([name]) => name);
}

/** The columns of a run that come from its request. */
export type RequestColumns = Pick<GenerationRow, ColumnOf<'REQUEST'>>;

const requested = columnsOf('REQUEST');

/** Picks the columns of the request from an object that may have more. */
export function requestOf<Run extends { readonly [Name in ColumnOf<'REQUEST'>]: unknown }>(run: Run) {
  const asked = Object.fromEntries(requested.map((name) => [name, run[name]]));
  // The list has exactly these names; the type of fromEntries does not keep them.
  return asked as Pick<Run, ColumnOf<'REQUEST'>>;
}

type ProgressShape = { [Name in ColumnOf<'PROGRESS'>]: Columns[Name]['json'] };

/** The part of a run that events keep, and its form as JSON. */
export const progressJson = z.object(
  // Each name has the type that the list says; the type of fromEntries does not keep this.
  Object.fromEntries(columnsOf('PROGRESS').map((name) => [name, columns[name].json])) as ProgressShape,
);
