import type { Closers } from './closers.ts';
import { errorCode } from './errors.ts';
import { createFindUser } from './features/access/find-user.ts';
import { createFindApiKey } from './features/api-keys/find-api-key.ts';
import { findEnvironmentProblem } from './features/provider/watch-environment.ts';
import { createVerifyToken } from './platform/auth/access-token.ts';
import { createAuthenticate, isApiKey } from './platform/auth/authenticate.ts';
import type { TaskContext } from './platform/context.ts';
import { databaseOn } from './platform/db/connect.ts';
import { openPool } from './platform/db/connections/open.ts';
import { findDatabaseProblem } from './platform/db/database-health.ts';
import { createBounds } from './platform/db/turns.ts';
import { createAttempts } from './platform/limits/attempts.ts';
import { createBytesInFlight } from './platform/limits/bytes-in-flight.ts';
import { createCostMeter } from './platform/limits/cost-meter.ts';
import { readerOn } from './platform/reads/reader.ts';
import { createServer, type Server } from './server/create-server.ts';
import type { Check } from './server/health-route.ts';
import type { Graphql } from './server/open-graphql.ts';
import { createOutages } from './server/outages.ts';
import type { Config } from './settings/config.ts';

/** How long a successful check of the storage counts, in milliseconds. */
const provedForMs = 2_000;

/** The parts that the API needs besides the tools. */
export interface ApiParts {
  /** The admin key. */
  readonly key: string;
  readonly databaseUrl: string;
  readonly graphql: Graphql;
}

/** Opens the API. Resolves to its address. Throws an Error of one sentence when the port is in use. */
export async function listen(
  config: Config,
  tools: TaskContext,
  { key, databaseUrl, graphql }: ApiParts,
  closers: Closers,
): Promise<string> {
  // The address is only known once the port is open. No code reads it before the first request.
  let url = config.PUBLIC_URL ?? '';
  const patience = { timeoutMs: config.DATABASE_TIMEOUT_MS };
  const authenticate = createAuthenticate({
    adminKey: key,
    findApiKey: createFindApiKey(tools),
    findUser: createFindUser(tools),
    verifyToken: createVerifyToken({
      jwksUrl: config.AUTH_JWKS_URL,
      secret: config.AUTH_JWT_SECRET,
      issuer: config.AUTH_ISSUER,
      audience: config.AUTH_AUDIENCE,
    }),
  });
  const attempts = createAttempts(config.AUTH_FAILURES_PER_MINUTE, {
    kindOf: (credential) => (isApiKey(credential) ? 'API_KEY' : 'TOKEN'),
  });
  const meter = createCostMeter({
    databaseUrl,
    ...patience,
    perSecond: config.COST_PER_SECOND,
    burst: config.COST_BURST,
  });
  closers.push(() => meter.close());
  const exportsPool = openPool(databaseUrl, 'exports', patience);
  const exportsReader = readerOn(exportsPool);
  closers.push(() => exportsReader.close());
  const readiness: readonly Check[] = [
    { name: 'database', findProblem: () => findDatabaseProblem(databaseUrl, tools, patience) },
    { name: 'environment', findProblem: () => findEnvironmentProblem(tools) },
    { name: 'storage', findProblem: () => tools.storage.health.prove(provedForMs) },
    { name: 'submits', findProblem: () => tools.intentNotes.findProblem() },
    { name: 'jobs', findProblem: async () => tools.jobs.findProblem() },
  ];
  const outages = createOutages(tools.log, readiness);
  closers.push(async () => outages.close());
  const server: Server = await createServer(
    {
      ...tools,
      authenticate: (authorization, address) =>
        attempts.guard(address, authorization, () => authenticate(authorization)),
      meter,
      bytes: createBytesInFlight(
        { all: config.MAX_BYTES_IN_FLIGHT, each: config.MAX_BYTES_IN_FLIGHT_PER_VIEWER },
        tools.log,
      ),
      decoding: createBounds({ all: config.MAX_PICTURES_AT_ONCE, each: 1 }),
      exportsDb: databaseOn(exportsPool, patience),
      exportsReader,
      readiness,
      outages,
      get publicUrl() {
        return url;
      },
    },
    graphql,
  );
  closers.push(() => server.close());
  try {
    const address = await server.app.listen({ host: config.HOST, port: config.PORT });
    url ||= address.replace('0.0.0.0', '127.0.0.1').replace('[::]', '[::1]');
  } catch (error) {
    if (errorCode(error) === 'EADDRINUSE') {
      throw new Error(`port ${config.PORT} on ${config.HOST} is in use; choose another with PORT.`);
    }
    throw error;
  }
  return url;
}
