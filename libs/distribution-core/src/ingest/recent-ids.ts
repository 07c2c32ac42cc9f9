import type { Lane } from '../lane.js';
import type { Position } from '../position.js';

export interface EventPlace {
  /** The catalog's name: not the one that it was published to if a rule moved it. */
  readonly topic: string;
  readonly lane: Lane;
  readonly position: Position;
}

export interface RecentEvent {
  readonly routingKey: string;
  readonly publishedAtMs: number;
  /** Rejects if the append did. */
  readonly place: Promise<EventPlace>;
}

/** What was published lately, by topic and event id; at most so long ago and so many, oldest forgotten first. */
export class RecentIds {
  private readonly events = new Map<string, RecentEvent>();

  constructor(
    private readonly windowMs: number,
    private readonly maxIds: number,
  ) {}

  find(key: string): RecentEvent | undefined {
    return this.events.get(key);
  }

  add(key: string, event: RecentEvent): void {
    this.events.set(key, event);
  }

  /** Unless it was replaced. */
  remove(key: string, event: RecentEvent): void {
    if (this.events.get(key) === event) this.events.delete(key);
  }

  expire(nowMs: number): void {
    for (const [key, event] of this.events) {
      if (this.events.size <= this.maxIds && event.publishedAtMs > nowMs - this.windowMs) return;
      this.events.delete(key);
    }
  }
}
