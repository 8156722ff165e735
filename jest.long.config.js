import { common, reporters } from './jest.config.js';

/** What takes half an hour: hundreds of interruptions, long outages. `npm run test:long`, before a release. */
export default {
  ...common,
  displayName: 'long',
  testMatch: ['**/test/long/**/*.test.ts'],
  reporters,
  testTimeout: 1_800_000,
  maxWorkers: 1,
};
