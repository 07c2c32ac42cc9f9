import { once } from 'node:events';
import type { Socket } from 'node:net';
import WebSocket from 'ws';
import { connectWebSocket, type WebSocketStream } from './doors/web-socket.js';
import { alerts, alertsOf, aService, idsOf } from './events.js';
import { TestApp } from './harness.js';

const bytesRead = (stream: WebSocketStream): number =>
  (stream.socket as unknown as { _socket: Socket })._socket.bytesRead;

describe('the handshake of a WebSocket', () => {
  describe.each(['distributary.v1.json', 'distributary.v1.bin'])('with WEBSOCKET_DEFLATE=on and %s', (subprotocol) => {
    let app: TestApp;
    beforeAll(async () => {
      app = await TestApp.start({ WEBSOCKET_DEFLATE: 'on' });
    });
    afterAll(() => app.stop());

    it('compresses great frames for clients that ask for it, and for nobody else', async () => {
      const service = aService();
      const sent = alerts(service, 100);
      await app.publish(...sent);
      const read = async (perMessageDeflate: boolean): Promise<number> => {
        const stream = await connectWebSocket(app, '', { perMessageDeflate }, subprotocol);
        expect(stream.socket.extensions).toBe(perMessageDeflate ? 'permessage-deflate' : '');
        stream.send('subscribe', { id: 's', ...alertsOf(service), start: 'earliest' });
        expect(idsOf(await stream.record.events(100))).toEqual(idsOf(sent));
        const bytes = bytesRead(stream);
        await stream.close();
        return bytes;
      };
      const [plain, deflated] = [await read(false), await read(true)];
      expect(deflated).toBeLessThan(plain / 3);
    });
  });

  describe('by default', () => {
    let app: TestApp;
    beforeAll(async () => {
      app = await TestApp.start();
    });
    afterAll(() => app.stop());

    it('declines compression', async () => {
      const stream = await connectWebSocket(app, '', { perMessageDeflate: true });
      expect(stream.socket.extensions).toBe('');
      await stream.close();
    });

    it('speaks JSON with clients that name no subprotocol', async () => {
      const socket = new WebSocket(`${app.streamUrl.replace('http', 'ws')}?data_types=ALERTS`);
      const [first] = (await once(socket, 'message')) as [Buffer];
      expect(JSON.parse(first.toString())).toMatchObject({ type: 'welcome' });
      socket.close();
      await once(socket, 'close');
    });

    it('ends with 4406 for clients of other subprotocols', async () => {
      // `ws` gives up by itself when its subprotocol is not taken, so this is a handshake by hand.
      const { hostname, port, pathname } = new URL(app.streamUrl);
      const { connect } = await import('node:net');
      const socket = connect({ host: hostname, port: Number(port) });
      socket.write(
        `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n',
      );
      let bytes = Buffer.alloc(0);
      const close = await new Promise<Buffer>((resolve, reject) => {
        socket.on('error', reject);
        socket.on('data', (chunk: Buffer) => {
          bytes = Buffer.concat([bytes, chunk]);
          const at = bytes.indexOf(0x88, bytes.indexOf('\r\n\r\n') + 4);
          if (at >= 0 && bytes.length >= at + 4) resolve(bytes.subarray(at));
        });
      });
      expect(close.readUInt16BE(2)).toBe(4406);
      socket.destroy();
    });
  });
});
