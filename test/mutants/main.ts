import { cwd } from 'node:process';
import { parseArgs } from 'node:util';
import { type Chance, seeded } from '../storm/chance.ts';
import { copyTree } from './copied-tree.ts';
import { createHunt, type Verdict } from './hunt.ts';
import { findMutations, type Mutation } from './places.ts';

/*
 * Finds what no test notices: `npm run mutants -- --seed 1 --count 40`. It changes one place of `src/` at a time, drawn by the
 * seed, in a copy of the checkout, and runs tests until one fails or the minutes for each are over. `--only` is a part of
 * the paths of the files that are changed.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '40' },
    minutes: { type: 'string', default: '10' },
    only: { type: 'string', default: '' },
  },
});
/** Made by a tool, run by people, or run in a browser. */
const passedOver = /^src\/(demo|platform\/db\/generated|server\/explorer\/browser)\//;

const say = (line: string) => void process.stdout.write(`${line}\n`);
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());

const tree = await copyTree(cwd());
try {
  const places: { file: string; mutation: Mutation }[] = [];
  for (const file of tree.files.filter((each) => isMutable(each) && each.includes(values.only)))
    for (const mutation of findMutations(await tree.read(file))) places.push({ file, mutation });
  const tests = [];
  for (const file of tree.files.filter(isTest)) tests.push({ file, text: await tree.read(file) });
  const { hunt, unsound } = createHunt(tree, tests, {
    limitMs: Number(values.minutes) * 60_000,
    signal: stopping.signal,
  });
  const drawn = draw(seeded(Number(values.seed)), places, Number(values.count));
  say(
    `mutants: ${drawn.length} of ${places.length} places, seed ${values.seed}, ${values.minutes} minutes for each`,
  );
  say('');
  say('| place | was | becomes | noticed by | test files run |\n| --- | --- | --- | --- | --- |');
  const verdicts: Verdict[] = [];
  for (const { file, mutation } of drawn) {
    const verdict = await hunt(file, mutation);
    if (stopping.signal.aborted) break;
    verdicts.push(verdict);
    say(rowOf(verdict));
  }
  const killed = verdicts.filter(({ killedBy }) => killedBy !== null).length;
  say(`\n${killed} of ${verdicts.length} were noticed.`);
  if (unsound().length > 0) say(`These test files fail without a mutant as well: ${unsound().join(', ')}.`);
} finally {
  await tree.remove();
}

function isMutable(file: string): boolean {
  return file.startsWith('src/') && file.endsWith('.ts') && !passedOver.test(file);
}

function isTest(file: string): boolean {
  return file.endsWith('.test.ts') && !file.startsWith('test/slow/') && !file.startsWith('test/mutants/');
}

/** So many of them, none twice. */
function draw<Each>(chance: Chance, all: readonly Each[], count: number): Each[] {
  const rest = [...all];
  const drawn: Each[] = [];
  while (drawn.length < count && rest.length > 0)
    drawn.push(...rest.splice(Math.floor(chance() * rest.length), 1));
  return drawn;
}

function rowOf({ file, mutation, killedBy, testsRun }: Verdict): string {
  const { line, was, becomes } = mutation;
  const cells = [`${file}:${line}`, codeOf(was), codeOf(becomes), killedBy ?? '**nothing**', testsRun];
  return `| ${cells.join(' | ')} |`;
}

/** Code for a cell of a table: one line, its beginning. */
function codeOf(text: string): string {
  const line = text.replace(/\s+/g, ' ').replaceAll('|', '\\|').replaceAll('`', "'");
  return `\`${line.length > 70 ? `${line.slice(0, 70)}…` : line}\``;
}
