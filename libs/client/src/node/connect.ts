import { WebSocket } from 'ws';
import type { DistributaryClient } from '../client.js';
import { createClient } from '../create-client.js';
import type { ConnectOptions } from '../options.js';

/** As in a browser, over `ws`: Node 20 has no WebSocket of its own, and that of later versions cannot stop reading. */
export function connect(url: string, options: ConnectOptions = {}): DistributaryClient {
  return createClient(url, options, WebSocket);
}
