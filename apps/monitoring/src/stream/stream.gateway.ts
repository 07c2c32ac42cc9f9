import type { IncomingMessage } from 'node:http';
import { MALFORMED_EVENT, type StreamCommand, WebSocketDoor } from '@distributary/distribution-nest';
import {
  ConnectedSocket,
  MessageBody,
  type OnGatewayConnection,
  type OnGatewayDisconnect,
  SubscribeMessage,
  WebSocketGateway,
} from '@nestjs/websockets';
import type { WebSocket } from 'ws';

/** Commands come in through Nest; events go out past it, from a feed's frame straight to the sockets. */
@WebSocketGateway({ path: '/api/v1/monitoring/stream' })
export class StreamGateway implements OnGatewayConnection<WebSocket>, OnGatewayDisconnect<WebSocket> {
  constructor(private readonly door: WebSocketDoor) {}

  handleConnection(client: WebSocket, request: IncomingMessage): void {
    this.door.connect(client, request);
  }

  handleDisconnect(client: WebSocket): void {
    this.door.disconnect(client);
  }

  @SubscribeMessage('hello')
  hello(@ConnectedSocket() client: WebSocket, @MessageBody() payload: unknown): void {
    this.command(client, 'hello', payload);
  }

  @SubscribeMessage('subscribe')
  subscribe(@ConnectedSocket() client: WebSocket, @MessageBody() payload: unknown): void {
    this.command(client, 'subscribe', payload);
  }

  @SubscribeMessage('unsubscribe')
  unsubscribe(@ConnectedSocket() client: WebSocket, @MessageBody() payload: unknown): void {
    this.command(client, 'unsubscribe', payload);
  }

  @SubscribeMessage('ack')
  ack(@ConnectedSocket() client: WebSocket, @MessageBody() payload: unknown): void {
    this.command(client, 'ack', payload);
  }

  @SubscribeMessage('nack')
  nack(@ConnectedSocket() client: WebSocket, @MessageBody() payload: unknown): void {
    this.command(client, 'nack', payload);
  }

  @SubscribeMessage('credit')
  credit(@ConnectedSocket() client: WebSocket, @MessageBody() payload: unknown): void {
    this.command(client, 'credit', payload);
  }

  @SubscribeMessage('history')
  history(@ConnectedSocket() client: WebSocket, @MessageBody() payload: unknown): void {
    this.command(client, 'history', payload);
  }

  @SubscribeMessage('publish')
  publish(@ConnectedSocket() client: WebSocket, @MessageBody() payload: unknown): void {
    this.command(client, 'publish', payload);
  }

  @SubscribeMessage('refresh')
  refresh(@ConnectedSocket() client: WebSocket, @MessageBody() payload: unknown): void {
    this.command(client, 'refresh', payload);
  }

  @SubscribeMessage('ping')
  ping(@ConnectedSocket() client: WebSocket, @MessageBody() payload: unknown): void {
    this.command(client, 'ping', payload);
  }

  @SubscribeMessage(MALFORMED_EVENT)
  malformed(@ConnectedSocket() client: WebSocket): void {
    this.door.malformed(client);
  }

  private command(client: WebSocket, type: StreamCommand, payload: unknown): void {
    this.door.command(client, type, payload);
  }
}
