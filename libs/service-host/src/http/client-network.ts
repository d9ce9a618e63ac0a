import { isIPv4, isIPv6 } from 'node:net';

/**
 * Returns the key by which an anonymous client is counted: its IPv4 address, or the /64 of its IPv6 address. One household
 * or rented server has 2^64 IPv6 addresses and would otherwise be a new client with each request. IPv4 addresses written
 * as IPv6 (mapped, RFC 4291; NAT64, RFC 6052) count as IPv4, or all of them would share one network.
 * @param address In any notation; a zone, brackets and a port, which some proxies add, are ignored.
 * @returns `192.0.2.7`, `2001:db8:0:1::/64`, or, for anything that is not an address, the text in lower case.
 */
export function clientNetwork(address: string): string {
  const bare = address
    .trim()
    .toLowerCase()
    .replace(/^\[(.*)\](?::\d+)?$/, '$1')
    .replace(/^([\d.]+):\d+$/, '$1')
    .replace(/%.*$/, '');
  const groups = groupsOf(bare);
  if (!groups) return bare;
  const [prefix, last] = [groups.slice(0, 6).join(), groups.slice(6)];
  if (prefix === mapped || prefix === nat64) return last.flatMap((group) => [group >> 8, group & 255]).join('.');
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** The first 96 bits of ::ffff:0:0/96 and of 64:ff9b::/96. */
const mapped = [0, 0, 0, 0, 0, 0xffff].join();
const nat64 = [0x64, 0xff9b, 0, 0, 0, 0].join();

/** The eight numbers of an IPv6 address. */
function groupsOf(address: string): number[] | undefined {
  if (!isIPv6(address)) return undefined;
  const hex = address.replace(/[\d.]+$/, (dotted) => (isIPv4(dotted) ? inHex(dotted) : dotted));
  const [before, after = []] = hex.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const zeros = Array<string>(8 - before!.length - after.length).fill('0');
  return [...before!, ...zeros, ...after].map((group) => Number.parseInt(group, 16));
}

/** `192.0.2.7` as the last two groups of an IPv6 address: `c000:207`. */
const inHex = (dotted: string): string =>
  dotted
    .split('.')
    .map((byte) => Number(byte).toString(16).padStart(2, '0'))
    .join('')
    .replace(/^(.{4})/, '$1:');
