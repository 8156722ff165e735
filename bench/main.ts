import { toError } from '../src/errors.ts';
import { acceptBench } from './accept.ts';
import { compression } from './compression.ts';
import { fanOut } from './fan-out.ts';
import { idle } from './idle.ts';
import { library } from './library.ts';
import { lists } from './lists.ts';
import { memory } from './memory.ts';
import { money } from './money.ts';
import { pages } from './pages.ts';
import { polling } from './polling.ts';
import { reads } from './reads.ts';
import { describeMachine, formatValue, keepResults } from './report.ts';
import type { Bench } from './result.ts';
import { sockets } from './sockets.ts';
import { profileFlag } from './support/servers.ts';

/* `npm run bench` runs these benches, which take ten minutes together; `npm run bench -- <name> …` the named ones. */
const benches: readonly Bench[] = [library, reads, lists, fanOut, polling, acceptBench];
/** These take too long, or matter too little, to run by default. */
const others: readonly Bench[] = [memory, compression, sockets, pages, money, idle];

/** The limit for all benches of a run together, so that a bench that hangs ends. */
const endsWithinMinutes = 15;

const names = process.argv.slice(2).filter((each) => each !== profileFlag);
const all = [...benches, ...others];
const unknown = names.filter((name) => !all.some((bench) => bench.name === name));
if (unknown.length > 0) {
  if (!unknown.includes('help')) console.log(`There is no bench ${unknown.join(', ')}.\n`);
  for (const { name, about } of all) console.log(`${name.padEnd(12)} ${about}`);
  console.log(`\nWithout a name: ${benches.map(({ name }) => name).join(', ')}.`);
  console.log(`With ${profileFlag} our servers write CPU profiles to bench/.data/profiles.`);
  process.exit(unknown.includes('help') ? 0 : 1);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
setTimeout(() => {
  console.log(`\nAborted after ${endsWithinMinutes} minutes.`);
  process.exit(1);
}, endsWithinMinutes * 60_000).unref();

const machine = await describeMachine();
console.log(machine);
let failures = 0;
for (const bench of names.length > 0 ? all.filter(({ name }) => names.includes(name)) : benches) {
  const startedAt = performance.now();
  console.log(`\n${bench.name}: ${bench.about}`);
  try {
    const results = await bench.run();
    await keepResults(bench.name, machine, results);
    for (const { what, against, value, bound, holds, note } of results) {
      if (!holds) failures += 1;
      console.log(
        `${formatValue(value).padStart(8)}  ${what} / ${against} (${bound})${holds ? '' : '  FAILED'}`,
      );
      if (note) console.log(`${' '.repeat(10)}${note}`);
    }
  } catch (error) {
    failures += 1;
    console.log(`  FAILED: ${toError(error).stack}`);
  }
  console.log(`  ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
}
if (failures > 0) console.log(`\n${failures} out of bounds.`);
process.exit(failures > 0 ? 1 : 0);
