import type { WireStart } from '@distributary/contracts';
import { DistributaryError } from './errors.js';

const DEFAULT_API = 'monitoring';

/**
 * The stream's address. A bare origin means the stream of monitoring; the scheme follows the transport, so that one URL
 * serves both.
 */
export function streamUrl(url: string, transport: 'websocket' | 'sse'): URL {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new DistributaryError('request.invalid', `not a URL: ${url}`, { cause });
  }
  if (!/^(https?|wss?):$/.test(parsed.protocol)) {
    throw new DistributaryError('request.invalid', `http, https, ws or wss expected: ${url}`);
  }
  const isSecure = parsed.protocol === 'https:' || parsed.protocol === 'wss:';
  const scheme = (transport === 'websocket' ? 'ws' : 'http') + (isSecure ? 's' : '');
  const path = parsed.pathname === '/' ? streamPath(DEFAULT_API) : parsed.pathname;
  // Assigning `protocol` may not switch between http and ws in a browser: the URL is written anew.
  return new URL(`${scheme}://${parsed.host}${path}${parsed.search}`);
}

const streamPath = (api: string): string => `/api/v1/${api}/stream`;

/** The address of the service that has this API, if `url` is a bare origin; any other address says it itself. */
export function addressOf(url: string, api: string | undefined): string {
  if (api === undefined || !URL.canParse(url)) return url;
  const parsed = new URL(url);
  if (parsed.pathname === '/') parsed.pathname = streamPath(api);
  return parsed.href;
}

/** A REST resource that lies beside the stream: `events` → `…/api/v1/monitoring/events`. */
export function resourceUrl(url: string, resource: string): URL {
  const stream = streamUrl(url, 'sse');
  return new URL(`${stream.origin}${stream.pathname.replace(/\/(stream)?$/, '')}/${resource}`);
}

/** `start` as a query parameter: a word, a time or a cursor. */
export const startText = (start: WireStart): string =>
  typeof start === 'string' ? start : 'cursor' in start ? start.cursor : start.time;
