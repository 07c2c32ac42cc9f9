import type { DistributaryClient } from './client.js';
import { addressOf } from './endpoint.js';
import { DistributaryError } from './errors.js';
import type { ConnectOptions } from './options.js';
import { SseClient } from './sse/sse-client.js';
import { WebSocketClient } from './web-socket/web-socket-client.js';
import type { WebSocketConstructor } from './web-socket/web-socket.js';

/** `ownWebSocket`: of the platform, if it has one. */
export function createClient(
  url: string,
  options: ConnectOptions,
  ownWebSocket: WebSocketConstructor | undefined,
): DistributaryClient {
  const address = addressOf(url, options.api);
  if (options.transport === 'sse') return new SseClient(address, options);
  const webSocket = options.WebSocket ?? ownWebSocket;
  if (webSocket === undefined) {
    throw new DistributaryError(
      'request.invalid',
      'no WebSocket here: pass one as an option, or use the transport sse',
    );
  }
  return new WebSocketClient(address, options, webSocket);
}
