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

/**
 * What asks the API for what it reads: run once more with every query answered by the resolvers. The other tests are about
 * processes, faults, sockets and time, or ask nothing.
 */
const aboutReading = [
  'contract/(tenancy/|http-)',
  'features/(api-keys|audit|ledger|members|people|projects)/',
  'features/(budgets/budgets|generations/(generation-filter|images/rate-image|waiting)|reconciliation/books|spend/spend)\\.',
  'journeys/(bad-input|guards|live-access|models|money|requests|samples|team)\\.',
].join('|');

export default {
  projects: [
    {
      ...common,
      displayName: 'compiled',
      testMatch: ['**/*.test.ts'],
      testPathIgnorePatterns: ['/test/slow/', '/node_modules/'],
    },
    {
      ...common,
      displayName: 'graphql-js',
      testRegex: `/test/(${aboutReading}).*test\\.ts$`,
      setupFiles: ['<rootDir>/test/support/by-resolvers.ts'],
    },
  ],
  testTimeout: 60_000,
  // The migration engine leaves a timer of its own running for a while; nothing of ours is left.
  forceExit: true,
  // Each test file talks to a Postgres of its own making and to real processes, for which it waits: three at a time fill two
  // cores.
  maxWorkers: 3,
};
