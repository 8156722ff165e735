import ipaddr from 'ipaddr.js';

/** What an operator lets through although it is not public: hosts, host:port pairs, and networks. */
export interface Allowance {
  host(hostname: string, port: number): boolean;
  address(address: string): boolean;
}

/** Reads FETCH_ALLOW's entries. Throws on one that is neither. */
export function readAllowance(entries: readonly string[]): Allowance {
  const networks = entries.filter((entry) => entry.includes('/')).map((entry) => ipaddr.parseCIDR(entry));
  const hosts = new Set(entries.filter((entry) => !entry.includes('/')).map((entry) => entry.toLowerCase()));
  return {
    host: (hostname, port) => hosts.has(hostname) || hosts.has(`${hostname}:${port}`),
    address(address) {
      const parsed = ipaddr.process(address);
      return networks.some(([range, bits]) => parsed.kind() === range.kind() && parsed.match(range, bits));
    },
  };
}

/** Whether an address is one of the public internet. Everything special is not: private, loopback, mapped, translated. */
export function isPublicAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.parse(address).range() === 'unicast';
}

/** The address that a URL's host spells out, or undefined for a name. URL parsing has normalised hex, octal and such. */
export function literalAddress(hostname: string): string | undefined {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return ipaddr.isValid(bare) ? bare : undefined;
}
