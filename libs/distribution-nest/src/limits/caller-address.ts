import net from 'node:net';

const UNKNOWN = 'unknown';
const GROUPS_OF_A_NETWORK = 4;

/**
 * What an address counts as: itself, or with IPv6 its /64, since one customer has as many addresses as it likes in
 * there. An IPv4 address in IPv6 clothes is the IPv4 address.
 */
export function callerAddress(address: string | undefined): string {
  if (address === undefined || address === '') return UNKNOWN;
  const bare = address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '').replace(/%.*$/, '');
  if (!net.isIPv6(bare)) return bare;
  const [head, tail] = bare.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? 0 : tail.split(':').length;
    while (groups.length + after < 8) groups.push('0');
  }
  const network = groups.slice(0, GROUPS_OF_A_NETWORK).map((group) => parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}

/** gRPC's peer: `127.0.0.1:1234`, `[::1]:1234`, or `ipv6:[::1]:1234`. */
export function addressOfPeer(peer: string): string {
  const found = /\[([^\]]+)\](?::\d+)?$|^(?:ipv[46]:)?([^[\]]+):\d+$/.exec(peer);
  return callerAddress(found?.[1] ?? found?.[2] ?? peer);
}
