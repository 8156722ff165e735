import { kindOfEnvironment } from './features/provider/environment.ts';
import type { AdminKey } from './own-keys.ts';

/**
 * The text for a person at the terminal once the server listens: its address, the admin key, what runs cost, and a
 * first operation. The admin key itself is shown only by the start that made it, and only at a terminal. Other output
 * is kept, for example in a container's log, where more people can read it.
 */
export function greeting(
  { url, admin, environment }: { url: string; admin: AdminKey; environment: string },
  { isTerminal }: { isTerminal: boolean },
): string {
  const kind = kindOfEnvironment(environment);
  const cost =
    kind === 'SIMULATOR'
      ? 'a simulator of the provider; nothing is paid for'
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

/** Where the key is, in words, and the shell expression for it, for use within double quotes. */
function howToGetIn({ key, path, isNew }: AdminKey, isTerminal: boolean): { place: string; shell: string } {
  if (path === null) return { place: 'the one in ADMIN_API_KEY', shell: '$ADMIN_API_KEY' };
  const shell = `$(cat '${path.replaceAll("'", String.raw`'\''`)}')`;
  if (!isNew || !isTerminal) return { place: `in the file ${path}`, shell };
  return { place: `${key}   (shown only now; it is in the file ${path})`, shell };
}
