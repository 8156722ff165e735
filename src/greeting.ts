import { kindOfEnvironment } from './features/provider/environment.ts';
import type { AdminKey } from './own-keys.ts';

/*
 * What is written to a log stays there, and has more readers than the machine. So the admin key is shown only at a
 * terminal, by the start that makes it.
 */

/**
 * What a person reads in the terminal once the server is up: where it is, how to get in, what it costs, what to try. The
 * admin key is shown only at the start that made it, and only at a terminal. What is written elsewhere is kept: a
 * container's log has many readers.
 */
export function greeting(
  { url, admin, environment }: { url: string; admin: AdminKey; environment: string },
  { isTerminal }: { isTerminal: boolean },
): string {
  const kind = kindOfEnvironment(environment);
  const cost =
    kind === 'SIMULATOR'
      ? 'a stand-in for the provider; nothing is paid for'
      : `${environment}; runs cost money`;
  const { place, shell } = howToGetIn(admin, isTerminal);
  return `
  Dramatis   ${url}/graphql   (open it in a browser for the explorer)
  Admin key  ${place}
  Provider   ${kind}: ${cost}

  A first operation:

    curl -s ${url}/graphql \\
      -H "authorization: Bearer ${shell}" \\
      -H 'content-type: application/json' \\
      -d '{"query":"mutation { createProject(input: { name: \\"My first cast\\" }) { project { id name } userErrors { message } } }"}'

`;
}

/** Where the key is, in words, and how a shell gets it within double quotes. */
function howToGetIn({ key, path, isNew }: AdminKey, isTerminal: boolean): { place: string; shell: string } {
  if (path === null) return { place: 'the one in ADMIN_API_KEY', shell: '$ADMIN_API_KEY' };
  const shell = `$(cat '${path.replaceAll("'", String.raw`'\''`)}')`;
  if (!isNew || !isTerminal) return { place: `in the file ${path}`, shell };
  return { place: `${key}   (shown only now; it is in the file ${path})`, shell };
}
