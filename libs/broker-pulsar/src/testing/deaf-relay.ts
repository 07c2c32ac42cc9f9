import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';

/** Stands before a server on this machine: it passes everything on, or only what clients say, until it is cut. */
export class DeafRelay {
  private readonly sockets = new Set<net.Socket>();
  private isDeaf = false;
  private isShut = false;

  private constructor(private readonly server: net.Server) {}

  /** `target`: `http://host:port`. */
  static async open(target: string): Promise<DeafRelay> {
    const { hostname, port } = new URL(target);
    const relay = new DeafRelay(net.createServer());
    relay.server.on('connection', (client) => {
      if (relay.isShut) client.destroy();
      else relay.join(client, net.connect(Number(port), hostname));
    });
    relay.server.listen(0, '127.0.0.1');
    await once(relay.server, 'listening');
    return relay;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What the server says from now on is lost. */
  deafen(): void {
    this.isDeaf = true;
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
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
  }
}
