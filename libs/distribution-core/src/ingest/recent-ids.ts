import type { Lane } from '../lane.js';
import { offsetOfPosition, type Position, positionOfOffset } from '../position.js';
import { hashInto, hashOf, hashPrefix } from '../text-hash.js';
import { HashRing } from './hash-ring.js';
import { PlaceNames } from './place-names.js';

export interface EventPlace {
  /** The catalog's name: not the one that it was published to if a rule moved it. */
  readonly topic: string;
  readonly lane: Lane;
  readonly position: Position;
}

/** An event on its way. It has its place once its call has. */
export interface PlacedEvent {
  readonly record: { readonly eventId: string; readonly routingKey: string };
  place?: EventPlace;
  /** Of the position, if that is a number. */
  offset?: number;
}

/** The events of one call that the log has not answered for yet; they lie behind each other in the ring. */
export interface PendingCall {
  readonly number: number;
  readonly publishedAtMs: number;
  readonly firstEntry: number;
  readonly events: PlacedEvent[];
  /** Of the whole call: there is no promise for each event. To be set in the turn in which the call was begun. */
  done: Promise<void>;
}

export interface RecentEvent {
  hasRoutingKey(routingKey: string): boolean;
  /** Undefined: it is in the log. */
  readonly pending?: { readonly call: PendingCall; readonly event: PlacedEvent };
  /** Rejects if the append did. */
  place(): Promise<EventPlace>;
}

/** What tells the ids of one topic from the same ids of others. */
export type IdScope = ReturnType<typeof hashPrefix>;
export const idScope = (text: string): IdScope => hashPrefix(text);

const PUBLISHED_AT_MS = 0;
const ROUTING_KEY_HASH = 1;
/** {@link PlaceNames}, or one of the two below. */
const PLACE_NAME = 2;
/** NaN: the position is no number, and kept as text. Of one that is in flight: the number of its call. */
const OFFSET = 3;
const COLUMNS = 4;

const IN_FLIGHT = -1;
/** Its append failed: it is as if it had never been published. */
const GONE = -2;

/**
 * What was published lately, by scope and event id; at most so long ago and so many, oldest forgotten first. All of it is
 * numbers in a {@link HashRing}, 64 bytes or so each: known by 64 bits, the routing key by 32.
 */
export class RecentIds {
  private readonly ring = new HashRing(COLUMNS);
  private readonly placeNames = new PlaceNames();
  private readonly texts = new Map<number, Position>();
  private readonly calls = new Map<number, PendingCall>();
  private readonly halves = new Uint32Array(2);
  private lastCall = 0;

  constructor(
    private readonly windowMs: number,
    private readonly maxIds: number,
  ) {}

  /** To be ended by {@link settle} or {@link drop}. All its events are added before another call is begun. */
  begin(nowMs: number): PendingCall {
    const call: PendingCall = {
      number: ++this.lastCall,
      publishedAtMs: nowMs,
      firstEntry: this.ring.newest + 1,
      events: [],
      done: Promise.resolve(),
    };
    this.calls.set(call.number, call);
    return call;
  }

  /** The one that was published before; if there is none, `event` belongs to the call from now on. */
  findOrAdd(call: PendingCall, scope: IdScope, event: PlacedEvent): RecentEvent | undefined {
    const { ring, halves } = this;
    const { eventId, routingKey } = event.record;
    hashInto(eventId, halves, 0, scope.a, scope.b);
    const known = ring.findHash(halves[0], halves[1]);
    if (known !== undefined && ring.valueOf(known, PLACE_NAME) !== GONE) return this.recentAt(known);
    if (ring.size >= this.maxIds) this.forgetOldest();
    ring.addHash(halves[0], halves[1]);
    const entry = ring.newest;
    ring.set(entry, PUBLISHED_AT_MS, call.publishedAtMs);
    ring.set(entry, ROUTING_KEY_HASH, hashOf(routingKey));
    ring.set(entry, PLACE_NAME, IN_FLIGHT);
    ring.set(entry, OFFSET, call.number);
    call.events.push(event);
    return undefined;
  }

  /** The log has its events. */
  settle(call: PendingCall): void {
    const { ring } = this;
    this.calls.delete(call.number);
    let name = -1;
    let held: EventPlace | undefined;
    for (let row = 0, entry = call.firstEntry; row < call.events.length; row++, entry++) {
      // Forgotten meanwhile.
      if (entry < ring.oldest) continue;
      const { place, offset = place === undefined ? undefined : offsetOfPosition(place.position) } = call.events[row];
      if (place === undefined) {
        ring.set(entry, PLACE_NAME, GONE);
        continue;
      }
      if (held?.lane === place.lane && held.topic === place.topic) this.placeNames.holdAgain(name);
      else name = this.placeNames.hold(place.topic, place.lane);
      held = place;
      ring.set(entry, PLACE_NAME, name);
      ring.set(entry, OFFSET, offset ?? Number.NaN);
      if (offset === undefined) this.texts.set(entry, place.position);
    }
  }

  /** The log does not have its events. */
  drop(call: PendingCall): void {
    this.calls.delete(call.number);
    for (let row = 0; row < call.events.length; row++) {
      const entry = call.firstEntry + row;
      if (entry >= this.ring.oldest) this.ring.set(entry, PLACE_NAME, GONE);
    }
  }

  expire(nowMs: number): void {
    const { ring } = this;
    while (ring.size > 0 && ring.valueOf(ring.oldest, PUBLISHED_AT_MS) <= nowMs - this.windowMs) this.forgetOldest();
  }

  private recentAt(entry: number): RecentEvent {
    const keyHash = this.ring.valueOf(entry, ROUTING_KEY_HASH);
    const hasRoutingKey = (routingKey: string) => hashOf(routingKey) === keyHash;
    if (this.ring.valueOf(entry, PLACE_NAME) === IN_FLIGHT) {
      const call = this.calls.get(this.ring.valueOf(entry, OFFSET)) as PendingCall;
      const event = call.events[entry - call.firstEntry];
      const place = async () => {
        await call.done;
        return event.place as EventPlace;
      };
      return { hasRoutingKey, pending: { call, event }, place };
    }
    const place = this.placeAt(entry);
    return { hasRoutingKey, place: () => Promise.resolve(place) };
  }

  private placeAt(entry: number): EventPlace {
    const { topic, lane } = this.placeNames.at(this.ring.valueOf(entry, PLACE_NAME));
    const offset = this.ring.valueOf(entry, OFFSET);
    const position = Number.isNaN(offset) ? (this.texts.get(entry) as Position) : positionOfOffset(offset);
    return { topic, lane, position };
  }

  private forgetOldest(): void {
    const { oldest } = this.ring;
    const name = this.ring.valueOf(oldest, PLACE_NAME);
    if (name >= 0) this.placeNames.release(name);
    this.texts.delete(oldest);
    this.ring.dropOldest();
  }
}
