/** Which names a caller may use for us, and which web pages may call. */
export interface HostOriginPolicy {
  /** Names besides the loopback ones; without a port: any port. */
  readonly allowedHosts: readonly string[];
  /** Origins besides the one of the called host itself. */
  readonly allowedOrigins: readonly string[];
}

export type HostOriginDecision =
  | { readonly isAllowed: true; readonly reason: 'no_origin' | 'same_origin' | 'listed_origin' }
  | { readonly isAllowed: false; readonly reason: 'host_missing' | 'host_refused' | 'origin_refused' };

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * The same for every door. A page of some other site can make a browser call us: its `Origin` gives it away, or, if it
 * points its own name at our address (DNS rebinding), its `Host`. Programs send no `Origin`.
 * `host`: the Host header or gRPC's :authority.
 */
export function decideHostOrigin(
  host: string | undefined,
  origin: string | undefined,
  policy: HostOriginPolicy,
): HostOriginDecision {
  if (host === undefined || host === '') return { isAllowed: false, reason: 'host_missing' };
  const called = urlOf(`http://${host}`);
  // Anything but a plain authority (user names, paths) is a trick.
  if (called === undefined || !/^[\w.:[\]-]+$/.test(host) || !isAllowedHost(called, policy)) {
    return { isAllowed: false, reason: 'host_refused' };
  }
  if (origin === undefined) return { isAllowed: true, reason: 'no_origin' };
  if (policy.allowedOrigins.includes(origin)) return { isAllowed: true, reason: 'listed_origin' };
  const page = urlOf(origin);
  // Read with the page's scheme, so that "example.com" and "https://example.com:443" are one.
  const isSame = page !== undefined && page.host !== '' && page.host === urlOf(`${page.protocol}//${host}`)?.host;
  return isSame ? { isAllowed: true, reason: 'same_origin' } : { isAllowed: false, reason: 'origin_refused' };
}

function isAllowedHost({ hostname, host }: URL, { allowedHosts }: HostOriginPolicy): boolean {
  return LOOPBACK_NAMES.has(hostname) || allowedHosts.some((allowed) => allowed === hostname || allowed === host);
}

function urlOf(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
