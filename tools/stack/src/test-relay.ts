import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';

/** Stands before a server on this machine: it passes everything on, only what clients say, or nothing, as a test wants it. */
export class TestRelay {
  private readonly sockets = new Set<net.Socket>();
  private isDeaf = false;
  private isFrozen = false;
  private isShut = false;

  private constructor(
    private readonly server: net.Server,
    private readonly target: URL,
  ) {}

  /** `target`: `http://host:port`, or any other URL with both. */
  static async open(target: string): Promise<TestRelay> {
    const { hostname, port } = new URL(target);
    const relay = new TestRelay(net.createServer(), new URL(target));
    relay.server.on('connection', (client) => {
      if (relay.isShut) client.destroy();
      else relay.join(client, net.connect(Number(port), hostname));
    });
    relay.server.listen(0, '127.0.0.1');
    await once(relay.server, 'listening');
    return relay;
  }

  /** The target's, with the address of the relay. */
  get url(): string {
    const url = new URL(this.target);
    url.host = `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return url.toString().replace(/\/$/, '');
  }

  /** What the server says from now on is lost. */
  deafen(): void {
    this.isDeaf = true;
  }

  /** Nothing passes, and nobody is told, not even who leaves or comes; what was said meanwhile arrives when it thaws. */
  freeze(): void {
    this.isFrozen = true;
    for (const socket of this.sockets) socket.pause();
  }

  thaw(): void {
    this.isFrozen = false;
    for (const socket of this.sockets) socket.resume();
  }

  /** Ends all connections; those that come then hear everything. */
  cut(): void {
    this.isDeaf = false;
    for (const socket of this.sockets) socket.destroy();
  }

  /** Ends all connections, and those that come, until it lets them in. */
  shut(): void {
    this.isShut = true;
    this.cut();
  }

  letIn(): void {
    this.isShut = false;
  }

  async close(): Promise<void> {
    this.shut();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(client: net.Socket, upstream: net.Socket): void {
    client.on('data', (chunk) => upstream.write(chunk));
    upstream.on('data', (chunk) => {
      if (!this.isDeaf) client.write(chunk);
    });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ]) {
      this.sockets.add(socket);
      if (this.isFrozen) socket.pause();
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
  }
}
