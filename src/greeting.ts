/** What a person reads in the terminal once the server is up: where it is, how to get in, what it costs, what to try. */
export function greeting(facts: {
  url: string;
  key: string;
  provider: { kind: 'SIMULATED' | 'LIVE'; baseUrl: string };
}): string {
  const { url, key, provider } = facts;
  const cost =
    provider.kind === 'SIMULATED'
      ? 'a simulator; nothing is paid for'
      : `${provider.baseUrl}; runs cost money`;
  return `
  Dramatis   ${url}/graphql   (open it in a browser for the explorer)
  Admin key  ${key}
  Provider   ${provider.kind}: ${cost}

  A first operation:

    curl -s ${url}/graphql \\
      -H 'authorization: Bearer ${key}' \\
      -H 'content-type: application/json' \\
      -d '{"query":"mutation { createProject(input: { name: \\"My first cast\\" }) { project { id name } userErrors { message } } }"}'

`;
}
