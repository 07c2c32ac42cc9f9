import net from 'node:net';
import type { SeededRandom } from './seeded-random.js';
import { pauseMs } from './waiting.js';

/** Below the range from which the system takes ports for clients: a port that is given up for a while comes back. */
const FIRST_PORT = 15_000;
const PORTS = 15_000;

/** One connection of a client, and the one to the service that stands for it. */
class Link {
  private upstream: net.Socket | undefined;
  private isHeld = false;

  constructor(
    private readonly client: net.Socket,
    private readonly gone: () => void,
  ) {
    client.pause();
    client.setNoDelay(true);
    client.on('error', () => undefined);
    client.once('close', () => this.gone());
  }

  connect(port: number): void {
    const upstream = net.connect({ host: '127.0.0.1', port, noDelay: true });
    this.upstream = upstream;
    upstream.on('error', () => undefined);
    this.forward(this.client, upstream);
    this.forward(upstream, this.client);
    if (!this.isHeld) this.client.resume();
  }

  get isConnected(): boolean {
    return this.upstream !== undefined;
  }

  /** Both ends are told at once, and with what lay in the buffers lost. */
  reset(): void {
    this.client.resetAndDestroy();
    this.upstream?.resetAndDestroy();
    this.gone();
  }

  hold(): void {
    this.isHeld = true;
    this.client.pause();
    this.upstream?.pause();
  }

  release(): void {
    this.isHeld = false;
    this.client.resume();
    this.upstream?.resume();
  }

  private forward(from: net.Socket, to: net.Socket): void {
    from.on('data', (chunk: Buffer) => {
      if (!to.destroyed && !to.write(chunk)) from.pause();
    });
    to.on('drain', () => {
      if (!this.isHeld) from.resume();
    });
    from.once('end', () => to.end());
    from.once('close', () => to.destroy());
  }
}

/**
 * Stands between clients and a server on 127.0.0.1 and breaks their connections.
 *
 *   client ──▶ proxy ──▶ server        reset      both ends get RST
 *                 ╳                    black hole nothing passes, nobody is told; then what is left of it goes on
 *                                      offline    RST, and nobody is let in for a while
 *
 * What lies in the kernel's buffers during a black hole arrives after it, even if its sender has left meanwhile: as
 * packets that are sent again would.
 */
export class FaultProxy {
  private readonly links = new Set<Link>();
  private isHole = false;
  private server: net.Server | undefined;

  private constructor(
    readonly port: number,
    /** Of the server; may change while the proxy stands. */
    public targetPort: number,
  ) {}

  static async open(targetPort: number): Promise<FaultProxy> {
    for (let attempt = 0; ; attempt++) {
      const proxy = new FaultProxy(FIRST_PORT + Math.floor(Math.random() * PORTS), targetPort);
      try {
        await proxy.listen();
        return proxy;
      } catch (error) {
        if (attempt > 50) throw error;
      }
    }
  }

  get connections(): number {
    return this.links.size;
  }

  /** Cuts off the connections that are chosen; without a choice all. Tells how many. */
  reset(chosen: () => boolean = () => true): number {
    const cut = [...this.links].filter(chosen);
    for (const link of cut) link.reset();
    return cut.length;
  }

  async blackHole(forMs: number): Promise<void> {
    this.isHole = true;
    for (const link of this.links) link.hold();
    await pauseMs(forMs);
    this.isHole = false;
    for (const link of this.links) {
      if (link.isConnected) link.release();
      else link.connect(this.targetPort);
    }
  }

  async offline(forMs: number): Promise<void> {
    await this.close();
    await pauseMs(forMs);
    await this.listen();
  }

  /** One of the three, by chance. */
  async breakSomehow(random: SeededRandom, maxMs: number): Promise<string> {
    const choice = random.next();
    if (choice < 0.3) return `${this.reset()} connections reset`;
    const all = this.connections;
    if (choice < 0.5) return `${this.reset(() => random.next() < 0.5)} of ${all} connections reset`;
    const forMs = random.between(300, maxMs);
    if (choice < 0.85) {
      await this.blackHole(forMs);
      return `nothing passed for ${Math.round(forMs)} ms`;
    }
    await this.offline(forMs);
    return `nobody was let in for ${Math.round(forMs)} ms`;
  }

  async close(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    const closed = new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
    this.reset();
    await closed;
  }

  private listen(): Promise<void> {
    const server = net.createServer({ pauseOnConnect: true }, (client) => {
      const link: Link = new Link(client, () => this.links.delete(link));
      this.links.add(link);
      if (!this.isHole) link.connect(this.targetPort);
    });
    this.server = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, '127.0.0.1', resolve);
    });
  }
}
