/** Tests run as ES modules on real parts; see ARCHITECTURE.md, "Tests". */
export const common = {
  testEnvironment: 'node',
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

/** About processes, faults, sockets and time, where no query is compiled. They take minutes. */
const notAboutReading = [
  'abuse|accounts|archive-delete|budget-race|compression|crashes|database-crashes|environments|exhausted|failover|fan-out|fencing',
  'hostile|ill-database|ill-storage|kept-outputs|last-calls|missing-references|paging|persisted-documents|polling',
  'provider-faults|reconciliation|restored|slots|slow-readers|storm|submit-notes|texts|time|zones|zones-of-projects',
].join('|');

export default {
  projects: [
    {
      ...common,
      displayName: 'compiled',
      testMatch: ['**/*.test.ts'],
      testPathIgnorePatterns: ['/test/slow/', '/node_modules/'],
    },
    // The API's tests once more, with every query answered by the resolvers.
    {
      ...common,
      displayName: 'graphql-js',
      testMatch: ['**/test/{features,journeys}/**/*.test.ts', '**/test/contract/{tenancy/,http-}*.test.ts'],
      testPathIgnorePatterns: [
        `/journeys/(${notAboutReading})\\.test\\.ts$`,
        '/features/(generations/(tasks|review)|provider-keys)/',
        '/node_modules/',
      ],
      setupFiles: ['<rootDir>/test/support/by-resolvers.ts'],
    },
  ],
  testTimeout: 60_000,
  // The migration engine leaves a timer of its own running for a while; nothing of ours is left.
  forceExit: true,
  // Each test file talks to a Postgres of its own making and to real processes: two at a time fill two cores.
  maxWorkers: 2,
};
