import type { IncomingMessage } from 'node:http';
import { type StreamWebSocket, WebSocketDoor } from '@distributary/distribution-nest';
import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';

/**
 * Nest says who connects. Commands come in past it, as events go out past it: what it would keep for the messages of each
 * client is more than all else of a session that waits.
 */
@WebSocketGateway({ path: '/api/v1/market-data/stream' })
export class StreamGateway implements OnGatewayConnection<StreamWebSocket> {
  constructor(private readonly door: WebSocketDoor) {}

  handleConnection(client: StreamWebSocket, request: IncomingMessage): void {
    this.door.connect(client, request);
  }
}
