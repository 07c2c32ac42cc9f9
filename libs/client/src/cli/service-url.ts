import { addressOf } from '../endpoint.js';
import { UsageError } from './failure.js';

/** Where services listen unless they are told otherwise. */
const PORTS: ReadonlyMap<string, number> = new Map([
  ['monitoring', 7101],
  ['market-data', 7102],
]);

/** The service that a command speaks to: at `url`, else on this machine; an address with a path says itself which it is. */
export function serviceUrl(url: string | undefined, api: string): string {
  const port = PORTS.get(api);
  if (port === undefined) throw new UsageError(`--api: one of ${[...PORTS.keys()].join(', ')} expected, not "${api}"`);
  return addressOf(url ?? `http://127.0.0.1:${port}`, api);
}
