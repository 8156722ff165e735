/** The test files of this run try everything. */
process.env.TEST_THOROUGH = '1';
