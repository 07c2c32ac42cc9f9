import type { Delivery } from '../../ports/queue.port.js';
import type { LanePosition } from '../../position.js';

/**
 * Deliveries that one session was sent and may acknowledge, by where they lie: an id may be in several places, as rules
 * copy events to other topics. Beyond the limit the oldest are forgotten.
 */
export class KnownDeliveries {
  /** Oldest first. */
  private readonly byPlace = new Map<string, Delivery>();
  private readonly placesOf = new Map<string, Set<string>>();

  constructor(private readonly max: number) {}

  /** One that was known is the newest from now on. */
  add(delivery: Delivery): void {
    const place = placeOf(delivery.at);
    this.take(place);
    this.byPlace.set(place, delivery);
    const id = idOf(delivery);
    const places = this.placesOf.get(id);
    if (places === undefined) this.placesOf.set(id, new Set([place]));
    else places.add(place);
    if (this.byPlace.size > this.max) this.take(this.byPlace.keys().next().value as string);
  }

  /** In all of its places. What is taken is not known any more. */
  takeById(id: string): Delivery[] {
    return [...(this.placesOf.get(id) ?? [])].flatMap((place) => this.take(place) ?? []);
  }

  takeAt(at: LanePosition): Delivery | undefined {
    return this.take(placeOf(at));
  }

  private take(place: string): Delivery | undefined {
    const delivery = this.byPlace.get(place);
    if (delivery === undefined) return undefined;
    this.byPlace.delete(place);
    const id = idOf(delivery);
    const places = this.placesOf.get(id);
    places?.delete(place);
    if (places?.size === 0) this.placesOf.delete(id);
    return delivery;
  }
}

const idOf = ({ batch, index }: Delivery): string => batch.eventIdAt(index);

const placeOf = ({ topic, partition, epoch, position }: LanePosition): string =>
  `${topic}#${partition}#${epoch}#${position}`;
