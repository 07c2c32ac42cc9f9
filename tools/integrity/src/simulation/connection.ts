import type { CloseReason, Outlet, SessionMessage } from '@distributary/distribution-core';
import type { SeededRandom } from '../seeded-random.js';
import type { ProcessClock, SimulatedTime } from './simulated-time.js';

/** What a client reads, in the order in which it was written. */
export interface WireMessage {
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** The client's end. */
export interface Peer {
  onMessage(message: WireMessage): void;
  /** The connection is over; `reason` if the service said why. */
  onClosed(reason: CloseReason | undefined): void;
}

interface InTransit {
  readonly lines: readonly string[];
  readonly bytes: number;
}

const LATENCY_MS = [0.2, 4] as const;

/**
 * One connection between a gateway and a client. What was written arrives in order; what is on its way when the
 * connection is cut is lost, from any frame on. A client that does not read leaves everything on its way, unconfirmed.
 */
export class Connection implements Outlet {
  onRoom: (() => void) | undefined;
  /** The service's end is told that the connection is over. */
  onGone: () => void = () => undefined;
  readonly unmarkedBytes = 0;
  private readonly inTransit: InTransit[] = [];
  private sentBytes = 0;
  private confirmedBytes = 0;
  private isReading = true;
  private isArriving = false;
  private isServerOpen = true;
  private isClientOpen = true;
  private closeReason: CloseReason | undefined;
  private lastCommandMs = 0;

  constructor(
    private readonly time: SimulatedTime,
    private readonly random: SeededRandom,
    /** The gateway's. */
    private readonly process: ProcessClock,
    private readonly peer: Peer,
    readonly limitBytes: number,
  ) {}

  get unconfirmedBytes(): number {
    return this.sentBytes - this.confirmedBytes;
  }

  get isOpen(): boolean {
    return this.isServerOpen;
  }

  write(bytes: Buffer): void {
    if (!this.isServerOpen || this.process.isDead) return;
    const lines = bytes
      .toString()
      .split('\n')
      .filter((line) => line.startsWith('{'));
    this.sentBytes += bytes.length;
    this.put({ lines, bytes: bytes.length });
  }

  send(message: SessionMessage): void {
    if (this.isServerOpen && !this.process.isDead) this.put({ lines: [JSON.stringify(message)], bytes: 0 });
  }

  setRate(): void {
    // The limit of a simulated connection stays where it was put.
  }

  /** By the service: what was written before still arrives. */
  close(reason: CloseReason): void {
    if (!this.isServerOpen) return;
    this.isServerOpen = false;
    this.closeReason = reason;
    this.process.soon(() => this.onGone());
    if (this.inTransit.length === 0) this.time.after(this.latency(), () => this.endClient());
  }

  /** A command of the client: it arrives unless the connection is cut before. */
  command(arrive: () => void): void {
    const dueMs = Math.max(this.lastCommandMs, this.time.nowMs + this.latency());
    this.lastCommandMs = dueMs;
    this.time.at(dueMs, () => {
      if (!this.isClientOpen) return;
      this.process.after(0, () => {
        if (this.isServerOpen) arrive();
      });
    });
  }

  setReading(isReading: boolean): void {
    this.isReading = isReading;
    if (isReading) this.arriveLater();
  }

  /**
   * From any frame that is on its way on, everything is lost. The client knows at once; the service after `noticedMs`, as
   * long as a connection may be half open.
   */
  cut(noticedMs: number): void {
    if (!this.isClientOpen) return;
    const arriving = this.inTransit.splice(0).flatMap(({ lines }) => lines);
    const kept = Math.floor(this.random.next() * (arriving.length + 1));
    if (this.isReading) for (const line of arriving.slice(0, kept)) this.hand(line);
    this.endClient();
    this.process.after(noticedMs, () => {
      if (!this.isServerOpen) return;
      this.isServerOpen = false;
      this.onGone();
    });
  }

  private put(written: InTransit): void {
    if (!this.isClientOpen) return;
    this.inTransit.push(written);
    this.arriveLater();
  }

  private arriveLater(): void {
    if (this.isArriving || !this.isReading || this.inTransit.length === 0) return;
    this.isArriving = true;
    this.time.after(this.latency(), () => {
      this.isArriving = false;
      if (this.isReading) this.arrive();
    });
  }

  private arrive(): void {
    const arrived = this.inTransit.splice(0);
    let bytes = 0;
    for (const written of arrived) {
      bytes += written.bytes;
      for (const line of written.lines) if (this.isClientOpen) this.hand(line);
    }
    if (bytes > 0) this.confirmLater(bytes);
    if (!this.isServerOpen && this.closeReason !== undefined) this.endClient();
  }

  private hand(line: string): void {
    this.peer.onMessage(JSON.parse(line) as WireMessage);
  }

  private confirmLater(bytes: number): void {
    this.command(() => {
      const half = this.limitBytes / 2;
      const before = this.unconfirmedBytes;
      this.confirmedBytes += bytes;
      if (before >= half && this.unconfirmedBytes < half) this.onRoom?.();
    });
  }

  private endClient(): void {
    if (!this.isClientOpen) return;
    this.isClientOpen = false;
    this.inTransit.length = 0;
    this.peer.onClosed(this.closeReason);
  }

  private latency(): number {
    return this.random.between(LATENCY_MS[0], LATENCY_MS[1]);
  }
}
