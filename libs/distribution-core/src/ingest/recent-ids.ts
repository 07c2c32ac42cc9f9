import type { Lane } from '../lane.js';
import { offsetOfPosition, type Position, positionOfOffset } from '../position.js';
import { hashOf, HashRing } from './hash-ring.js';
import { PlaceNames } from './place-names.js';

export interface EventPlace {
  /** The catalog's name: not the one that it was published to if a rule moved it. */
  readonly topic: string;
  readonly lane: Lane;
  readonly position: Position;
}

export interface RecentEvent {
  hasRoutingKey(routingKey: string): boolean;
  /** Rejects if the append did. */
  place(): Promise<EventPlace>;
}

/** An event that the log has not answered for yet. */
export class PendingEvent implements RecentEvent {
  constructor(
    private readonly routingKey: string,
    readonly publishedAtMs: number,
    /** Of the whole call: there is no promise for each event. */
    private readonly done: Promise<void>,
    /** Has its place once that has resolved. */
    private readonly target: { readonly place?: EventPlace },
  ) {}

  get routingKeyHash(): number {
    return hashOf(this.routingKey);
  }

  get knownPlace(): EventPlace {
    return this.target.place as EventPlace;
  }

  hasRoutingKey(routingKey: string): boolean {
    return this.routingKey === routingKey;
  }

  async place(): Promise<EventPlace> {
    await this.done;
    return this.knownPlace;
  }
}

const PUBLISHED_AT_MS = 0;
const ROUTING_KEY_HASH = 1;
const PLACE_NAME = 2;
/** NaN: the position is no number, and kept as text. */
const OFFSET = 3;
const COLUMNS = 4;

/**
 * What was published lately, by topic and event id; at most so long ago and so many, oldest forgotten first. Those
 * that the log has are numbers in a {@link HashRing}, 64 bytes or so each: known by 64 bits, the routing key by 32.
 */
export class RecentIds {
  private readonly pending = new Map<string, PendingEvent>();
  private readonly ring = new HashRing(COLUMNS);
  private readonly placeNames = new PlaceNames();
  private readonly texts = new Map<number, Position>();

  constructor(
    private readonly windowMs: number,
    private readonly maxIds: number,
  ) {}

  find(key: string): RecentEvent | undefined {
    const pending = this.pending.get(key);
    if (pending !== undefined) return pending;
    const entry = this.ring.find(key);
    if (entry === undefined) return undefined;
    const keyHash = this.ring.valueOf(entry, ROUTING_KEY_HASH);
    const place = this.placeAt(entry);
    return { hasRoutingKey: (routingKey) => hashOf(routingKey) === keyHash, place: () => Promise.resolve(place) };
  }

  add(key: string, event: PendingEvent): void {
    this.pending.set(key, event);
  }

  /** The log has it. */
  settle(key: string, event: PendingEvent): void {
    this.drop(key, event);
    const { ring } = this;
    const { topic, lane, position } = event.knownPlace;
    if (ring.size >= this.maxIds) this.forgetOldest();
    ring.add(key);
    const entry = ring.newest;
    const offset = offsetOfPosition(position);
    ring.set(entry, PUBLISHED_AT_MS, event.publishedAtMs);
    ring.set(entry, ROUTING_KEY_HASH, event.routingKeyHash);
    ring.set(entry, PLACE_NAME, this.placeNames.hold(topic, lane));
    ring.set(entry, OFFSET, offset ?? Number.NaN);
    if (offset === undefined) this.texts.set(entry, position);
  }

  /** The log does not have it. */
  drop(key: string, event: PendingEvent): void {
    if (this.pending.get(key) === event) this.pending.delete(key);
  }

  expire(nowMs: number): void {
    const { ring } = this;
    while (ring.size > 0 && ring.valueOf(ring.oldest, PUBLISHED_AT_MS) <= nowMs - this.windowMs) this.forgetOldest();
  }

  private placeAt(entry: number): EventPlace {
    const { topic, lane } = this.placeNames.at(this.ring.valueOf(entry, PLACE_NAME));
    const offset = this.ring.valueOf(entry, OFFSET);
    const position = Number.isNaN(offset) ? (this.texts.get(entry) as Position) : positionOfOffset(offset);
    return { topic, lane, position };
  }

  private forgetOldest(): void {
    const { oldest } = this.ring;
    this.placeNames.release(this.ring.valueOf(oldest, PLACE_NAME));
    this.texts.delete(oldest);
    this.ring.dropOldest();
  }
}
