import { setTimeout as sleep } from 'node:timers/promises';
import { TestEnvironment } from 'jest-environment-node';

/** What a test file must not leave behind: sockets, servers, child processes and timers that keep the process alive. */
const watched = new Set([
  'TCPSocketWrap',
  'TCPServerWrap',
  'PipeWrap',
  'ProcessWrap',
  'Timeout',
  'FSEventWrap',
]);

/** Closing takes a moment, longer on a busy machine. */
const graceMs = 10_000;

function countResources() {
  const counts = new Map();
  for (const kind of process.getActiveResourcesInfo())
    if (watched.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** Node's environment, which fails a test file that leaves something open. */
export default class LeakEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    this.before = countResources();
  }

  /** A test that failed may have left something open, and its own failure says more. */
  handleTestEvent({ name }) {
    if (name === 'test_fn_failure' || name === 'hook_failure') this.hasFailed = true;
  }

  async teardown() {
    if (this.hasFailed) return super.teardown();
    const endsAt = performance.now() + graceMs;
    let left = this.findLeft();
    while (left.length > 0 && performance.now() < endsAt) {
      await sleep(20);
      left = this.findLeft();
    }
    await super.teardown();
    if (left.length > 0) throw new Error(`This test file left open: ${left.join(', ')}.`);
  }

  /** What is open now and was not at the beginning. */
  findLeft() {
    return [...countResources()]
      .map(([kind, count]) => [kind, count - (this.before.get(kind) ?? 0)])
      .filter(([, count]) => count > 0)
      .map(([kind, count]) => `${count} ${kind}`);
  }
}
