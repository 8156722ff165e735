/**
 * Whether to try all members of a kind, and many random ones: `npm run test:long` does. The other runs try those that differ
 * most.
 */
export const isThorough = process.env.TEST_THOROUGH === '1';
