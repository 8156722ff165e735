import { nilId } from '../../platform/db/nil-id.ts';

/** Who has asked where no user or key has: the rollups' columns are part of their key, and take no null. */
export const nobody = nilId;
