import type { Authenticate } from '../platform/auth/authenticate.ts';
import type { Context } from '../platform/context.ts';

/** What the door needs: every tool of the process, and a way to know who asks. */
export type ServerContext = Omit<Context, 'viewer' | 'loaders'> & { readonly authenticate: Authenticate };
