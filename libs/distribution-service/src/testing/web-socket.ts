import { once } from 'node:events';
import WebSocket from 'ws';
import type { TestedService } from './tested-service.js';
import type { CommandDoor, CommandStream } from './door.js';
import { type Message, StreamRecord } from './stream-record.js';

export interface WebSocketStream extends CommandStream {
  readonly socket: WebSocket;
}

export async function connectWebSocket(
  app: Pick<TestedService, 'streamUrl' | 'headers' | 'messageProblem'>,
  query = '',
  options: WebSocket.ClientOptions = {},
  subprotocol = 'distributary.v1.json',
): Promise<WebSocketStream> {
  const url = app.streamUrl.replace('http', 'ws') + query;
  const socket = new WebSocket(url, subprotocol, { ...options, headers: { ...app.headers, ...options.headers } });
  const record = new StreamRecord();
  socket.on('message', (bytes: Buffer, isBinary: boolean) => {
    const message = isBinary ? binaryMessage(bytes) : (JSON.parse(bytes.toString()) as Message);
    const problem = app.messageProblem(message);
    if (problem !== undefined) record.outsideDocument.push(problem);
    record.add(message);
  });
  socket.on('close', (code, reason) => (record.end = { code, reason: reason.toString() }));
  await once(socket, 'open');
  return {
    record,
    socket,
    send: (type, payload) => socket.send(JSON.stringify({ type, payload })),
    close: async () => {
      if (socket.readyState !== WebSocket.CLOSED) {
        socket.close();
        await once(socket, 'close');
      }
      record.expectWhole();
    },
  };
}

export const webSocketDoor: CommandDoor = {
  name: 'WebSocket',
  connect: connectWebSocket,
  async open(app, selection) {
    const stream = await connectWebSocket(app);
    stream.send('subscribe', { id: 's', ...selection });
    return stream;
  },
};

/** The same protocol with the events as bytes. */
export const binaryWebSocketDoor: CommandDoor = {
  name: 'WebSocket, binary',
  connect: (app) => connectWebSocket(app, '', {}, 'distributary.v1.bin'),
  async open(app, selection) {
    const stream = await this.connect(app);
    stream.send('subscribe', { id: 's', ...selection });
    return stream;
  },
};

/** By docs/protocol.md. */
function binaryMessage(bytes: Buffer): Message {
  if (bytes[0] !== 1) throw new Error(`version ${bytes[0]}`);
  const headBytes = bytes.readUInt32LE(4);
  const count = bytes.readUInt32LE(8);
  const message = JSON.parse(bytes.toString('utf8', 12, 12 + headBytes)) as Message;
  let at = 12 + headBytes + 4 * count;
  const events = Array.from({ length: count }, (_, index) => {
    const length = bytes.readUInt32LE(12 + headBytes + 4 * index);
    const event = JSON.parse(bytes.toString('utf8', at, at + length)) as unknown;
    if (bytes.toString('latin1', at + length, at + length + 1) !== ',') throw new Error('no comma after an event');
    at += length + 1;
    return event;
  });
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes too many`);
  return { ...message, payload: { ...message.payload, events } } as unknown as Message;
}
