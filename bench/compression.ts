import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { encodings } from '../src/server/http/compression.ts';
import { atMost, type Bench, median, type Result } from './result.ts';

const rounds = 15;
const batch = 10;
/** The work that every response needs, with or without compression. */
const against = 'writing the answer as JSON';

const words =
  'standing walking reading at the sea in a forest under neon light with an umbrella portrait wide shot morning rain snow market street train smiling serious red coat blue scarf old camera film grain soft'.split(
    ' ',
  );
const some = (count: number) => Array.from({ length: count }, () => words[randomInt(words.length)]).join(' ');
const id = (type: string) => Buffer.from(`${type}:${randomUUID()}`).toString('base64url');
const image = () => ({
  id: id('Image'),
  url: `https://dramatis.example.com/images/${randomUUID()}?w=512&f=webp&exp=1795392000&sig=${randomBytes(32).toString('base64url')}`,
  width: 1024,
  height: 1024,
});

/** A page of the library: 40 characters, their references and latest pictures. Half of it is ids and signatures. */
function library() {
  const nodes = Array.from({ length: 40 }, () => ({
    id: id('Character'),
    name: some(2),
    description: some(20),
    tags: [some(1), some(1)],
    referenceImages: Array.from({ length: 3 }, () => ({
      id: id('ReferenceImage'),
      kind: 'FACE',
      image: image(),
    })),
    generations: {
      nodes: Array.from({ length: 5 }, () => ({
        id: id('Generation'),
        status: 'COMPLETED',
        prompt: some(12),
        cost: '0.085000',
        seed: randomInt(2 ** 31),
        images: [{ index: 0, image: image() }],
      })),
    },
  }));
  return { data: { project: { id: id('Project'), characters: { nodes } } } };
}

/** The processor time of the main thread, and of all threads together. */
interface Spent {
  readonly main: number;
  readonly all: number;
}
const nothing: Spent = { main: 0, all: 0 };
/** The bound of each encoding's processor time on all threads, as a multiple of writing the JSON. */
const dearest: Readonly<Record<string, number>> = { zstd: 8, br: 9, gzip: 20 };

/** The bytes that compression saves on a large response, and its processor time, for each supported encoding. */
export const compression: Bench = {
  name: 'compression',
  about: 'bytes saved and processor time spent by compressing a page of the library',
  async run() {
    const answer = library();
    const text = JSON.stringify(answer);
    const [writing, ...encoded] = await spentOn([
      () => JSON.stringify(answer),
      ...encodings.map((encoding) => () => encoding.whole(Buffer.from(text))),
    ]);
    const results: Result[] = [];
    for (const [index, { name, whole }] of encodings.entries()) {
      const [plain, smaller] = [Buffer.from(text), await whole(Buffer.from(text))];
      const [{ main, all } = nothing, base = nothing] = [encoded[index], writing];
      const what = `a library answer by ${name}`;
      const note = `${plain.length} bytes, median of ${rounds} batches of ${batch}`;
      const size = {
        what: `${what}, bytes`,
        against: 'the plain answer',
        value: smaller.length / plain.length,
      };
      results.push(
        atMost(0.5, { ...size, note }),
        atMost(3, { what: `${what}, main thread`, against, value: main / base.main, note }),
        atMost(dearest[name] ?? 0, { what: `${what}, all threads`, against, value: all / base.main, note }),
      );
    }
    return results;
  },
};

/** The median processor time of each work, in microseconds. The works alternate, so that noise affects all of them. */
async function spentOn(work: readonly (() => unknown)[]): Promise<Spent[]> {
  const took = work.map(() => [] as Spent[]);
  for (let round = -5; round < rounds; round += 1) {
    for (const [index, each] of work.entries()) {
      const [main, all] = [process.threadCpuUsage(), process.cpuUsage()];
      for (let count = 0; count < batch; count += 1) await each();
      const spent = { main: sum(process.threadCpuUsage(main)), all: sum(process.cpuUsage(all)) };
      // The first rounds warm up.
      if (round >= 0) took[index]?.push(spent);
    }
  }
  return took.map((times) => ({
    main: median(times.map(({ main }) => main)) / batch,
    all: median(times.map(({ all }) => all)) / batch,
  }));
}

const sum = ({ user, system }: { user: number; system: number }) => user + system;
