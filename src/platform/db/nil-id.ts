/**
 * The id of zeros. No row has it, and it sorts before every other id. It is used where a walk along ids begins, and
 * where a value must match no row.
 */
export const nilId = '00000000-0000-0000-0000-000000000000';
