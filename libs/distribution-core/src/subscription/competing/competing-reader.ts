import { invalidRequest } from '../../errors/distribution-error.js';
import type { FrameEncoder, Outlet } from '../../fan-out/outlet.js';
import type { Clock } from '../../ports/clock.port.js';
import type { Delivery } from '../../ports/queue.port.js';
import { staleGeneration } from '../durable-rules.js';
import type { SingleAck } from '../single-ack.js';
import { SingleFrames } from '../single-frames.js';
import { KnownDeliveries } from './known-deliveries.js';

/** Where a reader's deliveries come from and their acknowledgements go. */
export interface DeliverySource {
  readonly generation: number;
  readonly maxUnacked: number;
  receive(max: number, signal: AbortSignal): Promise<readonly Delivery[]>;
  ack(deliveries: readonly Delivery[]): void;
  nack(deliveries: readonly Delivery[], delayMs: number | undefined): void;
  leave(): Promise<void>;
}

/** Events that its client allows now. */
export interface Allowance {
  events(): number;
  spend(events: number): void;
}

export interface CompetingReaderOptions {
  /** The id that the client chose. */
  readonly id: string;
  readonly feed: () => number;
  readonly allowance: Allowance;
  /** At most once: what was written counts as acknowledged. */
  readonly acksBySending: boolean;
  readonly outlet: Outlet;
  readonly encoder: FrameEncoder;
  readonly clock: Clock;
  readonly nextMark: () => number;
}

const MAX_EVENTS_AT_ONCE = 500;
const FIRST_EVENT_BYTES = 1024;
const LOOK_EVERY_MS = 50;

/**
 * One session of a shared subscription: takes deliveries while its client has credit and its outlet has room, so that an
 * attempt counts only if it was really sent, and remembers them until they are acknowledged. What its time-out took away
 * from it stays known for a while: a late acknowledgement is still good.
 */
export class CompetingReader {
  private readonly known: KnownDeliveries;
  private readonly abort = new AbortController();
  private readonly frames: SingleFrames;
  private wake: () => void = () => undefined;
  private eventBytes = FIRST_EVENT_BYTES;

  constructor(
    private readonly seat: DeliverySource,
    private readonly options: CompetingReaderOptions,
  ) {
    this.known = new KnownDeliveries(2 * seat.maxUnacked);
    this.frames = new SingleFrames(options.feed, options.outlet, options.encoder, options.clock, options.nextMark);
    void this.run();
  }

  get feed(): number {
    return this.options.feed();
  }

  /** The outlet may have room again. */
  serve(): void {
    this.wake();
  }

  ack(generation: number, acked: SingleAck): void {
    const deliveries = this.taken(generation, acked);
    if (deliveries.length > 0) this.seat.ack(deliveries);
  }

  nack(generation: number, refused: SingleAck, delayMs: number | undefined): void {
    const deliveries = this.taken(generation, refused);
    if (deliveries.length > 0) this.seat.nack(deliveries, delayMs);
  }

  async close(): Promise<void> {
    this.stop();
    await this.seat.leave();
  }

  /** The subscription is somebody else's: nothing is given back. */
  stop(): void {
    this.abort.abort();
    this.wake();
  }

  private async run(): Promise<void> {
    const { signal } = this.abort;
    while (!signal.aborted) {
      const max = this.appetite();
      if (max < 1) {
        await this.untilWoken();
        continue;
      }
      const deliveries = await this.seat.receive(max, signal);
      // Given to a session that is closing: it gives them back unsent.
      if (deliveries.length === 0 || signal.aborted) return;
      this.send(deliveries);
    }
  }

  private appetite(): number {
    const { outlet, allowance } = this.options;
    const room = outlet.limitBytes - outlet.unconfirmedBytes;
    if (room <= 0) return 0;
    const byBytes = Math.max(1, Math.floor(room / this.eventBytes));
    return Math.min(MAX_EVENTS_AT_ONCE, byBytes, allowance.events());
  }

  /** Until there is credit, room, or a token of the rate. */
  private untilWoken(): Promise<void> {
    const { clock } = this.options;
    return new Promise((resolve) => {
      // Room below half of the limit, and credit, are told; the rest is looked for.
      const cancel = clock.after(LOOK_EVERY_MS, () => this.wake());
      this.wake = () => {
        cancel();
        this.wake = () => undefined;
        resolve();
      };
    });
  }

  private send(deliveries: readonly Delivery[]): void {
    this.options.allowance.spend(deliveries.length);
    const bytes = this.frames.write(deliveries);
    this.eventBytes = this.eventBytes * 0.75 + (bytes / deliveries.length) * 0.25;
    if (this.options.acksBySending) return this.seat.ack(deliveries);
    for (const delivery of deliveries) this.known.add(delivery);
  }

  /** Those that are named and were sent; the others were acknowledged before, or are another session's by now. */
  private taken(generation: number, { eventIds, at }: SingleAck): Delivery[] {
    if (generation !== this.seat.generation) throw staleGeneration(generation);
    if (eventIds === undefined && at === undefined) {
      throw invalidRequest([
        { path: 'positions', rule: 'shared types are acknowledged one by one: name event_ids, or positions in at' },
      ]);
    }
    const byId = (eventIds ?? []).flatMap((id) => this.known.takeById(id));
    const byPlace = (at ?? []).flatMap((place) => this.known.takeAt(place) ?? []);
    return [...byId, ...byPlace];
  }
}
