import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * What is counted together: an IPv4 address, or the network of an IPv6 address, since one client has all addresses of it.
 * A proxy may pass on a client's own text; all text that is no address shares one count.
 */
export function networkOf(text: string): string {
  if (isIP(text) === 0) return 'no address';
  const address = ipaddr.process(text);
  return address instanceof ipaddr.IPv6 ? address.parts.slice(0, 4).join(':') : address.toString();
}
