/** The servers of this test file answer every query by the resolvers, none from a compiled plan. */
process.env.TEST_EXECUTOR = 'graphql-js';
