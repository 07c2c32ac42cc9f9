import type { DistributaryClient } from './client.js';
import { createClient } from './create-client.js';
import type { ConnectOptions } from './options.js';
import type { WebSocketConstructor } from './web-socket/web-socket.js';

/**
 * Connects at once and stays connected until `close()`, or until the service says not to come back. `url`: the service's
 * origin (`http://127.0.0.1:7101`) or the full address of a stream. Throws `request.invalid` for what is no such URL.
 */
export function connect(url: string, options: ConnectOptions = {}): DistributaryClient {
  const { WebSocket } = globalThis as { WebSocket?: WebSocketConstructor };
  return createClient(url, options, WebSocket);
}
