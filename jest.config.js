/** Tests run as ES modules on real parts; see docs/testing.md. */
export const common = {
  testEnvironment: '<rootDir>/test/support/leak-environment.js',
  roots: ['<rootDir>/test'],
  globalSetup: '<rootDir>/test/support/jest-global-setup.ts',
  globalTeardown: '<rootDir>/test/support/jest-global-teardown.ts',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
        module: { type: 'es6' },
      },
    ],
  },
};

/** What is left open fails its own test file. A worker that has run many of them takes a while to give its memory back. */
export const workerGracefulExitTimeout = 10_000;

export const reporters = ['default', '<rootDir>/test/support/slowest-reporter.js'];

/** What kills processes and makes outages, and so waits for leases and timeouts: `npm run test:slow`. */
export const faults = [
  '/test/faults/',
  '/test/features/worker/results/store-generation\\.',
  '/test/platform/db/(cluster|embedded-postgres|migrations/(interrupted|left-unfinished))\\.',
  '/test/server/files/exports\\.',
];

/** What takes half an hour and runs before a release: `npm run test:long`. */
const long = '/test/long/';

/**
 * What asks the API for what it reads: run once more with every query answered by the resolvers. The other tests are about
 * processes, faults, sockets and time, or read nothing.
 */
const aboutReading = [
  'contract/(tenancy/|http-)',
  'features/(api-keys|audit|ledger|members|nodes|people|projects)/',
  'features/(budgets/budgets|generations/(generation-filter|images/rate-image|waiting)|reconciliation/(books|reconciliation\\.queries)|spend/spend)\\.',
  'journeys/(bad-input|guards|live-access|models|money|requests|samples|team)\\.',
].join('|');

export default {
  projects: [
    {
      ...common,
      displayName: 'compiled',
      testMatch: ['**/*.test.ts'],
      testPathIgnorePatterns: [...faults, long, '/node_modules/'],
    },
    {
      ...common,
      displayName: 'graphql-js',
      testRegex: `/test/(${aboutReading}).*test\\.ts$`,
      setupFiles: ['<rootDir>/test/support/by-resolvers.ts'],
    },
  ],
  reporters,
  workerGracefulExitTimeout,
  testTimeout: 60_000,
  // Each test file talks to a Postgres of its own making and to real processes, for which it waits: three at a time fill two
  // cores.
  maxWorkers: 3,
};
