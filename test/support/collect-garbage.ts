import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Collects garbage now, so that the memory in use is what is still held. */
export const collectGarbage: () => void = runInNewContext('gc');
