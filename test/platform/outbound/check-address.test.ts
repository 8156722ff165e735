import { describe, expect, it } from '@jest/globals';
import ipaddr from 'ipaddr.js';
import { isPublicAddress, readAllowance } from '../../../src/platform/outbound/check-address.ts';
import { specialIpv4, specialIpv6 } from '../../../src/platform/outbound/special-ranges.ts';

const all = [...specialIpv4, ...specialIpv6];

/** An address as a number, and its length in bits. */
function read(address: ipaddr.IPv4 | ipaddr.IPv6): { value: bigint; size: number } {
  const bytes = address.toByteArray();
  return {
    value: bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n),
    size: bytes.length * 8,
  };
}
function write(value: bigint, size: number): string | null {
  if (value < 0n || value >= 1n << BigInt(size)) return null;
  const bytes = Array.from({ length: size / 8 }, (_, index) =>
    Number((value >> BigInt(size - 8 * (index + 1))) & 255n),
  );
  return ipaddr.fromByteArray(bytes).toString();
}

/** The first and last address of a block, and those around it. */
function edges(block: string) {
  const [start, bits] = ipaddr.parseCIDR(block);
  const { value, size } = read(start);
  const last = value + (1n << BigInt(size - bits)) - 1n;
  return {
    inside: [write(value, size), write((value + last) / 2n, size), write(last, size)].map(String),
    around: [write(value - 1n, size), write(last + 1n, size)].flatMap((each) => each ?? []),
  };
}

/** Whether an address is in any of the blocks, or not in the one that public IPv6 addresses are in; worked out with numbers. */
function isSpecial(address: string): boolean {
  const parsed = ipaddr.parse(address);
  const { value, size } = read(parsed);
  const isWithin = (block: string) => {
    const [start, bits] = ipaddr.parseCIDR(block);
    const host = BigInt(size - bits);
    return start.kind() === parsed.kind() && value >> host === read(start).value >> host;
  };
  return all.some(([block]) => isWithin(block)) || (size === 128 && !isWithin('2000::/3'));
}

describe.each(all)('%s, %s', (block) => {
  const { inside, around } = edges(block);

  it.each(inside)('%s, in it, is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  if (around.length > 0)
    it.each(around)('%s, next to it, is public unless it is special itself', (address) => {
      expect(isPublicAddress(address)).toBe(!isSpecial(address));
    });
});

it.each([
  '1.0.0.0',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.0',
  '168.63.129.15',
  '168.63.129.17',
  '169.253.255.255',
  '169.255.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '191.255.255.255',
  '192.0.1.0',
  '192.0.3.0',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '93.184.216.34',
  '2000::',
  '2000::1',
  '2001:200::',
  '2001:db7:ffff::1',
  '2001:db9::',
  '2001:ffff:ffff::',
  '2003::',
  '2606:4700::1111',
  '2620:4f:7fff::1',
  '2620:4f:8001::',
  '3ffd::1',
  '3fff:1000::',
])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

describe.each(specialIpv4)('%s, %s', (block) => {
  const { inside } = edges(block);
  const [a = 0, b = 0, c = 0, d = 0] = ipaddr.parse(inside[0] ?? '').toByteArray();
  const hex = (...bytes: number[]) => bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const [high, low] = [hex(a, b), hex(c, d)];

  it.each([
    ['mapped', `::ffff:${inside[0]}`],
    ['mapped, in hexadecimal', `::ffff:${high}:${low}`],
    ['compatible', `::${high}:${low}`],
    ['translated', `::ffff:0:${high}:${low}`],
    ['NAT64', `64:ff9b::${high}:${low}`],
    ['NAT64, local', `64:ff9b:1::${high}:${low}`],
    ['6to4', `2002:${high}:${low}::1`],
    ['Teredo', `2001:0:4136:e378:8000:63bf:${hex(a ^ 255, b ^ 255)}:${hex(c ^ 255, d ^ 255)}`],
    ['ISATAP', `2606:4700::5efe:${high}:${low}`],
    ['ISATAP, of a public address', `2606:4700::200:5efe:${high}:${low}`],
  ])('is not public either when it is carried %s: %s', (_, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

it('an ISATAP address of a public one is public; words that are no address are not', () => {
  expect(isPublicAddress('2606:4700::5efe:5db8:d822')).toBe(true);
  for (const text of ['', 'localhost', '1.2.3.4.5', '::1::', '999.1.1.1'])
    expect([text, isPublicAddress(text)]).toEqual([text, false]);
});

it('an operator may let networks through, whatever they are, and mapped as well', () => {
  const { address } = readAllowance(['168.63.129.16/32', '10.1.0.0/16', 'fd00:1::/32']);
  for (const allowed of ['168.63.129.16', '::ffff:168.63.129.16', '10.1.2.3', 'fd00:1::5'])
    expect([allowed, address(allowed)]).toEqual([allowed, true]);
  for (const refused of ['168.63.129.17', '10.2.0.1', 'fd00:2::5', '::a3f:8110'])
    expect([refused, address(refused)]).toEqual([refused, false]);
});
