/** The id of zeros. No row has it, and it comes before every other: where a walk along ids begins, or for no one. */
export const nilId = '00000000-0000-0000-0000-000000000000';
