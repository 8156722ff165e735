import { encodeCursor } from '../src/platform/reads/page.ts';
import { atLeast, atMost, type Bench } from './result.ts';
import { withClient } from './support/client.ts';
import { libraryProjectId } from './support/fill.ts';
import {
  aboutCharacter,
  aboutProject,
  askOnce,
  checkSameBytes,
  libraryQuery,
  runsQuery,
} from './support/questions.ts';
import { race } from './support/race.ts';
import { openStage } from './support/stage.ts';

const pageSize = 50;
const short = { seconds: 1.5 };

/** Times that must not grow with the library: an object by its id, a late page, a query over a long history. */
export const reads: Bench = {
  name: 'reads',
  about: 'One character by id; page 10,000 against page 1; a million runs against ten thousand.',
  async run() {
    await using stage = await openStage();
    const url = await stage.postgres.library('large');
    const smallUrl = await stage.postgres.library('small');
    const ours = await stage.dramatis(url);
    const small = await stage.dramatis(smallUrl, { name: 'dramatis-small' });
    const limit = await stage.rival('limit', url);

    const bodies = (await characterIds(url)).map(aboutCharacter);
    await checkSameBytes([ours, limit], bodies.slice(0, 5));
    const [us, theLimit] = [
      { ...ours, bodies },
      { ...limit, bodies },
    ];
    const byId = await race([us, theLimit], short);

    const first = aboutProject(runsQuery, libraryProjectId);
    const far = aboutProject(runsQuery, libraryProjectId, await cursorBefore(url, 10_000));
    if (!(await askOnce(ours, far)).includes('"hasNextPage":true'))
      throw new Error('there is no page 10,001');
    const [farPage, firstPage] = [
      { ...ours, bodies: [far] },
      { ...ours, bodies: [first] },
    ];
    const paging = await race([farPage, firstPage], short);

    const question = aboutProject(libraryQuery, libraryProjectId);
    const [million, thousands] = [
      { ...ours, bodies: [question] },
      { ...small, bodies: [question] },
    ];
    const history = await race([million, thousands], short);
    return [
      atLeast(0.5, {
        what: 'one character by id, requests a second',
        against: 'node:http and pg (the limit)',
        ...byId.ratio(us, theLimit),
      }),
      // A ratio of times is the inverse ratio of rates.
      atMost(1.15, {
        what: `time of page 10,000 of a project's runs, ${pageSize} a page`,
        against: 'page 1',
        ...paging.ratio(firstPage, farPage),
      }),
      atMost(1.3, {
        what: 'time of the library query with 1,000,000 runs',
        against: 'with 10,000 runs',
        ...history.ratio(thousands, million),
      }),
    ];
  },
};

async function characterIds(url: string): Promise<string[]> {
  const { rows } = await withClient(url, (client) =>
    client.query<{ id: string }>(
      'SELECT id FROM characters WHERE project_id = $1 ORDER BY md5(id::text) LIMIT 200',
      [libraryProjectId],
    ),
  );
  return rows.map(({ id }) => id);
}

/** The cursor of the last run before a page. */
async function cursorBefore(url: string, page: number): Promise<string> {
  const { rows } = await withClient(url, (client) =>
    client.query<{ id: string; at: Date }>(
      `SELECT id, requested_at AS at FROM generations WHERE project_id = $1 ORDER BY requested_at DESC, id DESC
       OFFSET $2 LIMIT 1`,
      [libraryProjectId, (page - 1) * pageSize - 1],
    ),
  );
  const [row] = rows;
  if (!row) throw new Error(`there is no page ${page}`);
  return encodeCursor({ at: row.at.toISOString(), id: row.id });
}
