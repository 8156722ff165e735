import ipaddr from 'ipaddr.js';
import { globalUnicastIpv6, specialIpv4, specialIpv6 } from './special-ranges.ts';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = readonly [range: Address, bits: number];

const special: readonly Network[] = [...specialIpv4, ...specialIpv6].map(([block]) =>
  ipaddr.parseCIDR(block),
);
const globalUnicast: Network = ipaddr.parseCIDR(globalUnicastIpv6);

/** The addresses that an operator allows although they are not public: hosts, host:port pairs, and networks. */
export interface Allowance {
  host(hostname: string, port: number): boolean;
  address(address: string): boolean;
}

/** Reads FETCH_ALLOW's entries. Throws when an entry with a slash is no network. */
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

/**
 * Whether an address is on the public internet, and in no range with a special purpose. IPv6 addresses that carry an
 * IPv4 address in their prefix (mapped, compatible, NAT64, 6to4, Teredo) are in such ranges, whichever address it is.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (special.some((network) => isIn(address, network))) return false;
  if (!(address instanceof ipaddr.IPv6)) return true;
  const tunnelled = isatapAddress(address);
  return isIn(address, globalUnicast) && (tunnelled === null || isPublicAddress(tunnelled));
}

function isIn(address: Address, [range, bits]: Network): boolean {
  return address.kind() === range.kind() && address.match(range, bits);
}

/** The IPv4 address that an ISATAP router would send to (RFC 5214, 6.1); null for any other address. */
function isatapAddress({ parts }: ipaddr.IPv6): string | null {
  const [owner = 0, mark, high = 0, low = 0] = parts.slice(4);
  if (mark !== 0x5efe || (owner & 0xfdff) !== 0) return null;
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/**
 * The address when a URL's host is one, undefined for a name. URL parsing has normalised hex, octal and similar forms.
 */
export function literalAddress(hostname: string): string | undefined {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return ipaddr.isValid(bare) ? bare : undefined;
}
