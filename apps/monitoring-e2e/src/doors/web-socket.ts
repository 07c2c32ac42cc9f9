import { once } from 'node:events';
import WebSocket from 'ws';
import type { TestApp } from '../harness.js';
import type { CommandDoor, CommandStream } from './door.js';
import { type Message, StreamRecord } from './stream-record.js';

export interface WebSocketStream extends CommandStream {
  readonly socket: WebSocket;
}

export async function connectWebSocket(
  app: TestApp,
  query = '',
  options: WebSocket.ClientOptions = {},
): Promise<WebSocketStream> {
  const url = app.streamUrl.replace('http', 'ws') + query;
  const socket = new WebSocket(url, 'distributary.v1.json', options);
  const record = new StreamRecord();
  socket.on('message', (bytes: Buffer) => record.add(JSON.parse(bytes.toString()) as Message));
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
