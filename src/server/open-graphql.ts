import type { GraphQLSchema } from 'graphql';
import { toError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { openDocumentManifest } from '../platform/graphql/documents/document-manifest.ts';
import {
  type PrepareNamed,
  withPersistedDocuments,
} from '../platform/graphql/documents/persisted-documents.ts';
import { createPrepare } from '../platform/graphql/documents/prepare.ts';
import { createPlanner, type Planner } from '../platform/reads/plan/planner.ts';
import type { Config } from '../settings/config.ts';
import { createSchema } from './schema.ts';

/** What may be asked: the schema, and how documents are found, prepared and, where they can be, compiled. */
export interface Graphql {
  readonly schema: GraphQLSchema;
  readonly prepare: PrepareNamed;
  readonly planner: Planner | null;
}

/** Needs nothing that runs, so that a bad manifest is reported before anything starts. Throws ConfigProblem. */
export async function openGraphql(
  config: Pick<Config, 'COST_BURST' | 'PERSISTED_DOCUMENTS' | 'EXECUTOR'>,
  log: Logger,
): Promise<Graphql> {
  const { COST_BURST, PERSISTED_DOCUMENTS, EXECUTOR } = config;
  const schema = await createSchema();
  const prepare = createPrepare(schema, { maxCost: COST_BURST });
  const manifest = PERSISTED_DOCUMENTS ? await openDocumentManifest(PERSISTED_DOCUMENTS, prepare) : null;
  const onGivenUp = (error: unknown) => log.debug({ err: toError(error) }, 'a plan was given up');
  return {
    schema,
    prepare: withPersistedDocuments(prepare, manifest),
    planner: EXECUTOR === 'graphql-js' ? null : createPlanner(schema, onGivenUp),
  };
}
