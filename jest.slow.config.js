import { common } from './jest.config.js';

/** What takes minutes: hundreds of interruptions, long outages. `npm run test:slow`, before a release. */
export default {
  ...common,
  displayName: 'slow',
  testMatch: ['**/test/slow/**/*.test.ts'],
  testTimeout: 1_800_000,
  forceExit: true,
  maxWorkers: 1,
};
