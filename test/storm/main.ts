import { parseArgs } from 'node:util';
import { storm } from './storm.ts';

/*
 * Proves that money adds up when machines die: `npm run storm`, or with other numbers,
 * `npm run storm -- --runs 400 --seed 1 --kill-every 1 --crash-every 15 --limit 500 --transport v1`.
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '400' },
    seed: { type: 'string', default: '1' },
    'kill-every': { type: 'string', default: '1' },
    'crash-every': { type: 'string', default: '15' },
    // Once, a replica that lags takes the primary's place: "no" for never.
    failover: { type: 'string', default: 'yes' },
    // Seconds after the first request at which an outage begins, once: "no" for never.
    'silent-at': { type: 'string' },
    'frozen-at': { type: 'string' },
    'read-only-at': { type: 'string' },
    'full-at': { type: 'string' },
    // How runs are submitted: model, v1 or v2.
    transport: { type: 'string', default: 'model' },
    limit: { type: 'string', default: '500' },
    // With "no" what is in doubt may stay so.
    settle: { type: 'string', default: 'yes' },
  },
});
const limit = Number(values.limit);
/** A moment that was asked for, or its share of the time there is. */
const moment = (asked: string | undefined, share: number) =>
  asked === 'no' ? null : Number(asked ?? limit * share);
const stopping = new AbortController();
const timer = setTimeout(() => stopping.abort(new Error(`not done within ${limit} seconds`)), limit * 1_000);
// A terminal and npm both pass Ctrl-C on: it may come twice.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => stopping.abort(new Error('interrupted')));
}

const say = (line: string) => void process.stdout.write(`${line}\n`);
const options = {
  runs: Number(values.runs),
  seed: Number(values.seed),
  killEvery: Number(values['kill-every']),
  crashEvery: Number(values['crash-every']),
  failOverAt: values.failover === 'no' ? null : limit * 0.2,
  outageAt: {
    silent: moment(values['silent-at'], 0.04),
    frozen: moment(values['frozen-at'], 0.09),
    readOnly: moment(values['read-only-at'], 0.14),
    full: moment(values['full-at'], 0.26),
  },
  transport: values.transport,
  limit,
  weather: limit * 0.4,
  settleFor: values.settle === 'no' ? 0 : limit * 0.2,
  say,
};
say(`storm: ${JSON.stringify(values)}`);
const outcome = await storm(options, stopping.signal).catch((error: unknown) => ({
  failures: [String(error)],
  table: {},
}));
clearTimeout(timer);
for (const [name, value] of Object.entries(outcome.table)) say(`${String(value).padStart(12)}  ${name}`);
if (outcome.failures.length === 0) say('storm: passed');
else {
  say(`storm: ${outcome.failures.length} things went wrong`);
  for (const failure of outcome.failures.slice(0, 40)) say(`  - ${failure}`);
}
process.exit(outcome.failures.length === 0 ? 0 : 1);
