/** The last `capacity` event ids: a copy that arrives within them is told apart from a new event. */
export class EventWindow {
  private readonly ids = new Set<string>();

  constructor(private readonly capacity: number) {}

  has(id: string): boolean {
    return this.ids.has(id);
  }

  add(id: string): void {
    this.ids.add(id);
    if (this.ids.size > this.capacity) this.ids.delete(this.ids.values().next().value as string);
  }

  forget(id: string): void {
    this.ids.delete(id);
  }

  forgetAll(): void {
    this.ids.clear();
  }
}

/** The `event_id` of a stored event, or the `id` of a CloudEvent; undefined for events of others that have none. */
export function eventIdOf(event: unknown): string | undefined {
  if (typeof event !== 'object' || event === null) return undefined;
  const { event_id, specversion, id: cloudEventId } = event as Readonly<Record<string, unknown>>;
  const id = event_id ?? (specversion === undefined ? undefined : cloudEventId);
  return typeof id === 'string' ? id : undefined;
}
