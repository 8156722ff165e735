import { common, faults, reporters, workerGracefulExitTimeout } from './jest.config.js';

/** Killed processes, outages and attacks. They mostly wait, so more of them run at a time than there are cores. */
export default {
  ...common,
  displayName: 'slow',
  testRegex: faults.map((path) => (path.endsWith('/') ? `${path}.*\\.test\\.ts$` : `${path}test\\.ts$`)),
  reporters,
  workerGracefulExitTimeout,
  testTimeout: 120_000,
  maxWorkers: 4,
};
