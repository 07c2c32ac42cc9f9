/** The last `capacity` event ids: a copy that arrives within them is told apart from a new event. */
export class EventWindow {
  /** With its place in `order`. */
  private readonly places = new Map<string, number>();
  /**
   * A ring. The oldest key of a `Map` or `Set` that is always full is behind the places of all those that were deleted before
   * it, and looking for it takes 10 µs and more.
   */
  private readonly order: string[] = [];
  private next = 0;
  private readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = Math.ceil(capacity);
  }

  has(id: string): boolean {
    return this.places.has(id);
  }

  add(id: string): void {
    if (this.places.has(id)) return;
    const place = this.next;
    const oldest = this.order[place];
    // One that was forgotten, and came again, is further on.
    if (oldest !== undefined && this.places.get(oldest) === place) this.places.delete(oldest);
    this.order[place] = id;
    this.places.set(id, place);
    this.next = (place + 1) % this.capacity;
  }

  forget(id: string): void {
    this.places.delete(id);
  }

  forgetAll(): void {
    this.places.clear();
    this.order.length = 0;
    this.next = 0;
  }
}

/** The `event_id` of a stored event, or the `id` of a CloudEvent; undefined for events of others that have none. */
export function eventIdOf(event: unknown): string | undefined {
  if (typeof event !== 'object' || event === null) return undefined;
  const { event_id, specversion, id: cloudEventId } = event as Readonly<Record<string, unknown>>;
  const id = event_id ?? (specversion === undefined ? undefined : cloudEventId);
  return typeof id === 'string' ? id : undefined;
}
