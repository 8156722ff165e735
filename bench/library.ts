import { setTimeout as sleep } from 'node:timers/promises';
import { atLeast, atMost, type Bench } from './result.ts';
import { libraryProjectId, otherProjectId } from './support/fill.ts';
import { aboutProject, askOnce, checkSameBytes, libraryQuery, namesQuery } from './support/questions.ts';
import { race } from './support/race.ts';
import { keyOf, openStage, type Stage } from './support/stage.ts';
import { countStatements, type StatementFigures } from './support/statements.ts';

/** The speed of the library query against rivals, and its work in the database. */
export const library: Bench = {
  name: 'library',
  about: '50 characters, their reference images and newest runs: against the limit, Mercurius and Prisma.',
  async run() {
    await using stage = await openStage();
    const url = await stage.postgres.library('large');
    const question = aboutProject(libraryQuery, libraryProjectId);
    const names = aboutProject(namesQuery, libraryProjectId);
    const counted = await countWithDefaultLimits(stage, url, question);
    const ours = await stage.dramatis(url);
    const limit = await stage.rival('limit', url);
    const mercurius = await stage.rival('mercurius', url);
    const prisma = await stage.rival('prisma', url);
    const bytes = await checkSameBytes([ours, limit, mercurius, prisma], [question, names, question]);
    // Prisma's default reads every run of the 50 characters and drops most of them. With 170,000 runs it does not
    // answer in time, so it is measured in a project where each character has about 70 runs.
    const evenOurs = { ...ours, authorization: await keyOf(url, otherProjectId) };
    const evenQuestion = aboutProject(libraryQuery, otherProjectId);
    await checkSameBytes([evenOurs, limit, mercurius, prisma], [evenQuestion]);

    const [us, theLimit, theMercurius] = [
      { ...ours, bodies: [question] },
      { ...limit, bodies: [question] },
      { ...mercurius, bodies: [question] },
    ];
    const whole = await race([us, theLimit, theMercurius]);
    const [evenUs, thePrisma] = [
      { ...evenOurs, bodies: [evenQuestion] },
      { ...prisma, bodies: [evenQuestion] },
    ];
    const even = await race([evenUs, thePrisma], { seconds: 3 });
    const [namesUs, namesLimit] = [
      { ...ours, bodies: [names] },
      { ...limit, bodies: [names] },
    ];
    const lean = await race([namesUs, namesLimit]);
    for (const text of counted.texts) console.log(`  ${text}`);

    const what = `the library query (${Math.round(bytes / 1_000)} kB), requests a second`;
    const handWritten = 'node:http, pg, a serializer by hand (the limit)';
    const obvious = 'Apollo, TypeGraphQL, Prisma `include`; 70 runs a character';
    return [
      atLeast(0.72, { what, against: handWritten, ...whole.ratio(us, theLimit) }),
      atLeast(1.9, { what, against: 'Mercurius, JIT, dataloader, pg', ...whole.ratio(us, theMercurius) }),
      atLeast(15, { what, against: obvious, ...even.ratio(evenUs, thePrisma) }),
      atLeast(0.8, {
        what: 'the library query, ids and names alone',
        against: 'the limit, the same columns',
        ...lean.ratio(namesUs, namesLimit),
      }),
      atMost(4, {
        what: 'SQL statements',
        against: 'a library query',
        value: counted.statements,
        note: 'pg_stat_statements, sixteen at a time, with the default limits; the key and the query points are read in one statement',
      }),
      atMost(1, {
        what: 'rows read',
        against: 'rows returned, of a library query',
        value: Math.round((counted.rowsRead / counted.rowsReturned) * 100) / 100,
        note: `${counted.rowsRead.toFixed(1)} to ${counted.rowsReturned.toFixed(1)}: pg_stat_user_tables to pg_stat_statements`,
      }),
    ];
  },
};

/**
 * Counts the statements before other servers use the database, on a process with ROLE=api, because a worker's own
 * statements do not belong to the query. The burst of query points is the default. It refills within a second, and
 * the requests of a second use less than half of it.
 */
async function countWithDefaultLimits(
  stage: Stage,
  url: string,
  question: string,
): Promise<StatementFigures> {
  const environment = { ROLE: 'api', COST_PER_SECOND: '20000', COST_BURST: '20000' };
  const server = await stage.dramatis(url, { name: 'dramatis-counted', environment });
  const counted = await countStatements(url, () => Promise.all([askOnce(server, question), sleep(1_250)]));
  await server.stop();
  return counted;
}
