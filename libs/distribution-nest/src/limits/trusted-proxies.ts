import type { IncomingMessage, Server } from 'node:http';
import net from 'node:net';
import { type Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { addressOfPeer, callerAddress } from './caller-address.js';

const FORWARDED_FOR = 'x-forwarded-for';
/** A header may name any number of hops; nobody has so many proxies of their own. */
const MAX_HOPS = 32;

/** Requests and calls that came through a trusted proxy, and whose they are. */
const callers = new WeakMap<object, string>();

/** Whose request it is, as the limits and the audit log count it: behind a trusted proxy the client, else the peer. */
export const callerOfRequest = (request: Pick<IncomingMessage, 'socket'>): string =>
  callers.get(request) ?? callerAddress(request.socket.remoteAddress);

/** The same of a gRPC call. */
export const callerOfCall = (metadata: Metadata, peer: string): string => callers.get(metadata) ?? addressOfPeer(peer);

/** `10.0.0.1`, `10.0.0.0/8`, `2001:db8::/32`. */
export function isProxyAddress(text: string): boolean {
  const [address, bits, ...more] = text.split('/');
  const family = net.isIP(address);
  if (family === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/**
 * Proxies whose word is taken for who calls. Each proxy adds the address that it sees to the end of `X-Forwarded-For`, so
 * the last one that is not a proxy of ours is the client; what stands before it is whatever the client made up.
 */
export class TrustedProxies {
  private readonly list = new net.BlockList();

  constructor(private readonly proxies: readonly string[]) {
    for (const proxy of proxies) {
      const [address, bits] = proxy.split('/');
      const family = net.isIPv6(address) ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.list.addAddress(address, family);
      else this.list.addSubnet(address, Number(bits), family);
    }
  }

  /** The client's address; undefined: the peer is the client. */
  clientBehind(peer: string | undefined, forwardedFor: string | undefined): string | undefined {
    if (forwardedFor === undefined || !this.isTrusted(peer)) return undefined;
    const hops = forwardedFor.split(',').slice(-MAX_HOPS).reverse();
    let client: string | undefined;
    for (const hop of hops.map(bareAddress)) {
      // A proxy of ours does not write such a thing: what it stands before is as far as anybody's word goes.
      if (hop === undefined) break;
      client = hop;
      if (!this.isTrusted(hop)) break;
    }
    return client === undefined ? undefined : callerAddress(client);
  }

  /** To be called before anybody looks who calls. */
  watch(server: Server): void {
    if (this.proxies.length === 0) return;
    const note = (request: IncomingMessage) => {
      const header = request.headers[FORWARDED_FOR];
      const client = this.clientBehind(request.socket.remoteAddress, Array.isArray(header) ? header.join() : header);
      if (client !== undefined) callers.set(request, client);
    };
    server.prependListener('request', note);
    server.prependListener('upgrade', note);
  }

  /** For gRPC, before the interceptors that ask who calls. */
  get interceptors(): readonly ServerInterceptor[] {
    if (this.proxies.length === 0) return [];
    return [
      (_method, call) =>
        new ServerInterceptingCall(call, {
          start: (next) =>
            next({
              onReceiveMetadata: (metadata, deliver) => {
                const header = metadata.get(FORWARDED_FOR).map(String).join();
                const peer = bareAddress(call.getPeer().replace(/^ipv[46]:/, ''));
                const client = this.clientBehind(peer, header === '' ? undefined : header);
                if (client !== undefined) callers.set(metadata, client);
                deliver(metadata);
              },
            }),
        }),
    ];
  }

  private isTrusted(address: string | undefined): boolean {
    const bare = address === undefined ? undefined : bareAddress(address);
    return bare !== undefined && this.list.check(bare, net.isIPv6(bare) ? 'ipv6' : 'ipv4');
  }
}

/** Without port, brackets, zone and IPv6 clothes; undefined if there is no address. */
function bareAddress(text: string): string | undefined {
  const trimmed = text.trim();
  const inBrackets = /^\[([^\]]+)\](?::\d+)?$/.exec(trimmed)?.[1];
  const withoutPort = inBrackets ?? trimmed.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');
  const bare = withoutPort.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
  return net.isIP(bare) === 0 ? undefined : bare;
}
