import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { serveParent } from '../child-program.js';
import type { SlowReaderAnswer, SlowReaderCommand } from './slow-reader-messages.js';

/** Readers whose sockets are full most of the time: each takes a little, then nothing for a while. */
const TURN_MS = 100;
const CONNECT_DEADLINE_MS = 30_000;

class SlowReaders {
  private readonly sockets: Socket[] = [];
  private open = 0;
  private bytes = 0;

  async connect({ port, path, count, bytesPerSecond }: Extract<SlowReaderCommand, { type: 'read-slowly' }>) {
    const share = Math.max(1, Math.floor((bytesPerSecond * TURN_MS) / 1000));
    for (let index = 0; index < count; index++) {
      const client = new WebSocket(`ws://127.0.0.1:${port}${path}`, { perMessageDeflate: false });
      client.on('error', () => undefined);
      client.on('close', () => this.open--);
      client.on('open', () => {
        this.open++;
        const socket = (client as unknown as { readonly _socket: Socket })._socket;
        this.sockets.push(socket);
        this.slowDown(socket, share);
      });
    }
    const endMs = performance.now() + CONNECT_DEADLINE_MS;
    while (this.open < count && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 10));
    return this.open;
  }

  count(): SlowReaderAnswer {
    return { type: 'counted', open: this.open, bytes: this.bytes };
  }

  /** Pauses the socket once it has read its share of a turn. */
  private slowDown(socket: Socket, share: number): void {
    let taken = 0;
    socket.on('data', (data: Buffer) => {
      taken += data.length;
      this.bytes += data.length;
      if (taken >= share) socket.pause();
    });
    const timer = setInterval(() => {
      taken = Math.max(0, taken - share);
      if (taken < share) socket.resume();
    }, TURN_MS);
    socket.on('close', () => clearInterval(timer));
  }
}

const readers = new SlowReaders();

serveParent<SlowReaderCommand, SlowReaderAnswer>(async (command, answer) => {
  if (command.type === 'count') answer(readers.count());
  else answer({ type: 'reading', open: await readers.connect(command) });
});
