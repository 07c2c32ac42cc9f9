import { CLOSE_CODES } from '@distributary/contracts';
import { type RawData, WebSocket } from 'ws';

/** Hears what happens on one connection. */
export interface StreamPeer {
  onMessage(data: RawData): void;
  onPong(payload: Buffer): void;
  onClosed(): void;
}

const MESSAGE_TOO_BIG = 1009;

/** One connection, as `ws` has it. */
export class StreamWebSocket extends WebSocket {
  private peer: StreamPeer | undefined;

  /**
   * From now on the peer hears of it. All connections share their listeners, which find the peer here: most of them wait, and
   * closures of their own would be a good part of what each of them costs.
   */
  tell(peer: StreamPeer): void {
    this.peer = peer;
    this.on('message', onMessage).on('pong', onPong).on('close', onClosed);
  }

  /** A message that is too big is told by our own code, which says to clients not to come back with it. */
  override close(code?: number, reason?: string | Buffer): void {
    super.close(code === MESSAGE_TOO_BIG ? CLOSE_CODES.tooBig : code, reason);
  }

  static readonly peerOf = (socket: WebSocket): StreamPeer | undefined => (socket as StreamWebSocket).peer;
}

function onMessage(this: WebSocket, data: RawData): void {
  StreamWebSocket.peerOf(this)?.onMessage(data);
}

function onPong(this: WebSocket, payload: Buffer): void {
  StreamWebSocket.peerOf(this)?.onPong(payload);
}

function onClosed(this: WebSocket): void {
  StreamWebSocket.peerOf(this)?.onClosed();
}
