import { common, reporters } from './jest.config.js';

/** What takes half an hour: hundreds of interruptions, long outages. `npm run test:long`, before a release. */
export default {
  ...common,
  displayName: 'long',
  testRegex: [
    '/test/long/.*\\.test\\.ts$',
    '/test/faults/(dead-provider|hostile|rate-limits|texts)\\.test\\.ts$',
  ],
  setupFiles: ['<rootDir>/test/support/thoroughly.ts'],
  reporters,
  testTimeout: 1_800_000,
  maxWorkers: 1,
};
