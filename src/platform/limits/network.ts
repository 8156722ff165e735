import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * The name under which a client is counted: its IPv4 address, or the /64 network of its IPv6 address, because one
 * client has all addresses of that network. A proxy may pass on any text from a client; all texts that are no address
 * share one count.
 */
export function networkOf(text: string): string {
  const version = isIP(text);
  if (version === 0) return 'no address';
  // Node accepts only the one way to write an IPv4 address. Almost all requests have one, so it is not parsed.
  if (version === 4) return text;
  const address = ipaddr.process(text);
  return address instanceof ipaddr.IPv6 ? address.parts.slice(0, 4).join(':') : address.toString();
}
