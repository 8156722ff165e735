/** The API's address without a slash and without a version at its end. */
export function apiAddress(baseUrl: string): string {
  const { origin, pathname } = new URL(baseUrl);
  return `${origin}${pathname.replace(/\/+$/, '').replace(/\/v[12]$/, '')}`;
}

/** Whether a picture may be fetched from this URL: it has the API's own origin, or uses https at one of the hosts. */
export function isOutputAllowed(url: URL, apiOrigin: string, hosts: readonly string[]): boolean {
  if (url.username !== '' || url.password !== '') return false;
  if (url.origin === apiOrigin) return true;
  return url.protocol === 'https:' && url.port === '' && hosts.includes(url.hostname);
}
