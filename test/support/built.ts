import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The environment of the built programs that tests start, without anything of the tests' own. What one has compiled the next need not. */
export const builtEnvironment = {
  PATH: process.env.PATH,
  NODE_COMPILE_CACHE: join(tmpdir(), 'dramatis-compiled'),
} as const;
