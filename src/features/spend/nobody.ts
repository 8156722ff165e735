/** Who has asked where no user or key has: the rollups' columns are part of their key, and take no null. */
export const nobody = '00000000-0000-0000-0000-000000000000';
