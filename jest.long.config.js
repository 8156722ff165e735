import { common, reporters, workerGracefulExitTimeout } from './jest.config.js';

const thoroughly = '<rootDir>/test/support/thoroughly.ts';

/** What takes half an hour: hundreds of interruptions, long outages. `npm run test:long`, before a release. */
export default {
  projects: [
    {
      ...common,
      displayName: 'long',
      testRegex: [
        '/test/long/.*\\.test\\.ts$',
        '/test/faults/(dead-provider|hostile|rate-limits|texts)\\.test\\.ts$',
        '/test/(platform/pictures/resize-picture|server/files/long-exports|verify/main)\\.test\\.ts$',
      ],
      setupFiles: [thoroughly],
    },
    {
      ...common,
      displayName: 'long by resolvers',
      testRegex: '/test/contract/tenancy/.*\\.test\\.ts$',
      setupFiles: [thoroughly, '<rootDir>/test/support/by-resolvers.ts'],
    },
  ],
  reporters,
  workerGracefulExitTimeout,
  testTimeout: 1_800_000,
  maxWorkers: 1,
};
