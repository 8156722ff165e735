import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { type Dispatcher, Pool } from 'undici';
import { z } from 'zod';
import { toGlobalId } from '../src/platform/reads/global-id.ts';
import { atLeast, atMost, type Bench, type Result } from './result.ts';
import { makeApiKey, withClient } from './support/client.ts';
import { cpuRace, type Work } from './support/cpu.ts';
import { benchDirectory } from './support/database.ts';
import { libraryProjectId } from './support/fill.ts';
import { aboutProject, checkSameBytes, libraryQuery, picturesQuery } from './support/questions.ts';
import { openStage, type StagedServer } from './support/stage.ts';

const name = 'pages';
const dataDirectory = join(benchDirectory, name);
/**
 * Without the worker's own work. A request for the library with pictures costs thousands of points, because a run may have
 * a hundred pictures.
 */
const environment = { ROLE: 'api', COST_BURST: '100000000' };
const projectId = toGlobalId('Project', libraryProjectId);
const viewerBody = JSON.stringify({ query: '{ viewer { kind } }' });
const connections = 16;
/** How many clients ask for a new thumbnail at once. */
const clients = 20;

const rounds = 5;
/** How many thumbnails are made in a round. */
const thumbnails = 8;
/** How many photographs are uploaded in a round, and their sides in pixels. */
const uploads = 4;
const photoSide = 3_000;
const uploaded = z.object({ id: z.string(), url: z.string() });
const thumbnailAnswer = z.object({ data: z.object({ node: z.record(z.string(), z.string()) }) });

/** What the pages of an application need besides text: signed addresses, thumbnails, 304s and uploads. */
export const pages: Bench = {
  name,
  about: 'The library query with pictures; a small query; thumbnails, 304s and uploads of pictures.',
  async run() {
    await using stage = await openStage();
    const database = await stage.postgres.copyOf('small', name);
    // Its pictures have no bytes. An empty folder would count as a volume that is not mounted.
    await rm(dataDirectory, { recursive: true, force: true });
    await mkdir(join(dataDirectory, 'storage', 'projects'), { recursive: true });
    const ours = await stage.dramatis(database, { name, environment });
    const limit = await stage.rival('limit', database, ours.url);
    const bare = await stage.rival('bare', database);
    // The key of the stage only reads.
    const key = await withClient(database, (client) => makeApiKey(client, libraryProjectId, 'EDITOR'));
    const authorization = `Bearer ${key}`;
    const clientOf = (server: StagedServer) => new Client({ ...server, authorization });
    const [us, theLimit, theBare] = [clientOf(ours), clientOf(limit), clientOf(bare)];
    const results = [
      ...(await measureLibrary(us, theLimit)),
      ...(await measureSmall(us, theBare)),
      ...(await measurePictures(us)),
    ];
    for (const each of [us, theLimit, theBare]) await each.close();
    return results;
  },
};

async function measureLibrary(us: Client, limit: Client): Promise<Result[]> {
  const pictures = aboutProject(picturesQuery, libraryProjectId);
  const text = aboutProject(libraryQuery, libraryProjectId);
  await checkSameBytes([us.server, limit.server], [pictures, text]);
  const addresses = (await us.ask(pictures)).split('"url":').length - 1;
  const [illustrated, plain, signing] = [
    us.work(100, () => us.ask(pictures)),
    us.work(200, () => us.ask(text)),
    limit.work(200, () => limit.ask(pictures)),
  ];
  const race = await cpuRace([illustrated, plain, signing]);
  const what = `the library query with ${addresses} signed addresses`;
  return [
    atMost(2.5, { what: `${what}, CPU`, against: 'the library query', ...race.ratio(illustrated, plain) }),
    atLeast(0.6, {
      what: `${what}, answers for each second of CPU`,
      against: 'node:http, pg, a serializer by hand that signs the same addresses (the limit)',
      ...race.ratio(signing, illustrated),
    }),
  ];
}

async function measureSmall(us: Client, bare: Client): Promise<Result[]> {
  const { url } = await us.upload(await photograph(64));
  const { headers } = await us.get(url);
  const known = { 'if-none-match': String(headers.etag) };
  const [viewer, theirs, notModified] = [
    us.work(6_000, () => us.ask(viewerBody)),
    bare.work(6_000, () => bare.ask(viewerBody)),
    us.work(6_000, () => us.get(url, known, 304)),
  ];
  const race = await cpuRace([viewer, theirs, notModified]);
  const what = '`{ viewer { kind } }` with an API key, CPU';
  return [
    atMost(1.3, {
      what,
      against: 'bare Apollo on Fastify, without keys and limits',
      ...race.ratio(viewer, theirs),
    }),
    atMost(0.7, { what: 'a 304 of a picture, CPU', against: what, ...race.ratio(notModified, viewer) }),
  ];
}

async function measurePictures(us: Client): Promise<Result[]> {
  const addresses = await newThumbnails(us, 2 * thumbnails * (rounds + 1));
  const request = (count: number) => {
    const url = addresses.pop() ?? '';
    return Promise.all(Array.from({ length: count }, () => us.get(url)));
  };
  const photos: Buffer[] = [];
  const photo = await photograph(photoSide);
  const [one, many, uploaded, decoded] = [
    us.work(thumbnails, () => request(1), 1),
    us.work(thumbnails, () => request(clients), 1),
    {
      ...us.work(uploads, () => us.upload(photos.pop() ?? Buffer.alloc(0)), 1),
      // Between the rounds, because a pause between two uploads gives the server time to collect garbage.
      prepare: async () => {
        for (let count = 0; count < uploads; count += 1) photos.push(await photograph(photoSide));
      },
    },
    { pid: process.pid, times: uploads, atOnce: 1, once: () => decodeAndWrite(photo) },
  ];
  const race = await cpuRace([one, many, uploaded, decoded], rounds);
  return [
    atMost(1.5, {
      what: `${clients} first requests for one thumbnail, CPU`,
      against: 'one',
      ...race.ratio(many, one),
    }),
    atMost(1.2, {
      what: `an upload of ${Math.round(photo.length / 1e6)} MB, CPU`,
      against: 'decoding it once and encoding it again, with sharp alone',
      ...race.ratio(uploaded, decoded),
    }),
  ];
}

/** Addresses of thumbnails that were never asked for: the widths of one picture. */
async function newThumbnails(us: Client, count: number): Promise<string[]> {
  const { id } = await us.upload(await photograph(1_024));
  const fields = Array.from(
    { length: count },
    (_, index) => `w${index}: url(width: ${256 + index}, format: WEBP)`,
  );
  const query = `query ($id: ID!) { node(id: $id) { ... on Image { ${fields.join(' ')} } } }`;
  const answer = thumbnailAnswer.parse(
    JSON.parse(await us.ask(JSON.stringify({ query, variables: { id } }))),
  );
  return Object.values(answer.data.node);
}

/** A JPEG of random noise, softened like a photograph: 5 MB for a side of 3,000 pixels. */
async function photograph(side: number): Promise<Buffer> {
  const half = Math.ceil(side / 2);
  const raw = { width: half, height: half, channels: 3 } as const;
  return sharp(randomBytes(half * half * 3), { raw })
    .resize(side, side)
    .jpeg({ quality: 85 })
    .toBuffer();
}

/** The least that an upload needs: its pixels, turned upright, encoded again without metadata. */
function decodeAndWrite(photo: Buffer): Promise<Buffer> {
  return sharp(photo, { sequentialRead: true })
    .autoOrient()
    .toColourspace('srgb')
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

/** A server with the connections to it. */
class Client {
  readonly server: StagedServer & { readonly authorization: string };
  readonly #pool: Pool;

  constructor(server: StagedServer & { readonly authorization: string }) {
    this.server = server;
    this.#pool = new Pool(server.url, { connections: clients, keepAliveTimeout: 60_000 });
  }

  /** Work of the server. */
  work(times: number, once: () => Promise<unknown>, atOnce = connections): Work {
    return { pid: this.server.pid, times, atOnce, once };
  }

  /** Sends a GraphQL request, and resolves to the text of the response. */
  async ask(body: string): Promise<string> {
    const headers = { 'content-type': 'application/json' };
    return (await this.#send(200, { method: 'POST', path: '/graphql', headers, body })).text;
  }

  /** Requests an address of the server's. Resolves to the headers of the response. */
  async get(address: string, headers: Record<string, string> = {}, status = 200) {
    return this.#send(status, { method: 'GET', path: address.slice(this.server.url.length), headers });
  }

  async upload(picture: Buffer): Promise<z.output<typeof uploaded>> {
    const headers = { 'content-type': 'image/jpeg' };
    const path = `/images?projectId=${projectId}`;
    return uploaded.parse(
      JSON.parse((await this.#send(201, { method: 'POST', path, headers, body: picture })).text),
    );
  }

  async #send(status: number, request: Dispatcher.RequestOptions) {
    const headers = { ...request.headers, authorization: this.server.authorization };
    const { statusCode, headers: given, body } = await this.#pool.request({ ...request, headers });
    const text = await body.text();
    if (statusCode !== status)
      throw new Error(`${this.server.name} answered ${statusCode}: ${text.slice(0, 500)}`);
    return { headers: given, text };
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}
