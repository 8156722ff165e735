import { kindOfEnvironment } from './features/provider/environment.ts';

/** What a person reads in the terminal once the server is up: where it is, how to get in, what it costs, what to try. */
export function greeting({
  url,
  key,
  environment,
}: {
  url: string;
  key: string;
  environment: string;
}): string {
  const kind = kindOfEnvironment(environment);
  const cost =
    kind === 'SIMULATOR'
      ? 'a stand-in for the provider; nothing is paid for'
      : `${environment}; runs cost money`;
  return `
  Dramatis   ${url}/graphql   (open it in a browser for the explorer)
  Admin key  ${key}
  Provider   ${kind}: ${cost}

  A first operation:

    curl -s ${url}/graphql \\
      -H 'authorization: Bearer ${key}' \\
      -H 'content-type: application/json' \\
      -d '{"query":"mutation { createProject(input: { name: \\"My first cast\\" }) { project { id name } userErrors { message } } }"}'

`;
}
