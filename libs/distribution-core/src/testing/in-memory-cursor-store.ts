import type { Clock } from '../ports/clock.port.js';
import type { CursorStore, Ownership, OwnershipStanding, StoredPosition } from '../ports/cursor-store.port.js';
import type { LanePosition } from '../position.js';

interface Held {
  generation: number;
  ownerId: string | undefined;
  expiresMs: number;
  storedAtMicros?: number;
  readonly positions: Map<string, StoredPosition>;
}

/** Keeps positions for as long as it lives; terms run by the given clock. Knows every subscription that is asked for. */
export class InMemoryCursorStore implements CursorStore {
  private readonly held = new Map<string, Held>();

  constructor(private readonly options: { readonly clock: Clock }) {}

  async acquire(
    subscriptionId: string,
    ownerId: string,
    termMs: number,
    options: { readonly force?: boolean } = {},
  ): Promise<Ownership | 'taken'> {
    const held = this.of(subscriptionId);
    const isOwned = held.ownerId !== undefined && held.ownerId !== ownerId && held.expiresMs > this.nowMs();
    if (isOwned && options.force !== true) return 'taken';
    held.generation++;
    held.ownerId = ownerId;
    held.expiresMs = this.nowMs() + termMs;
    return { subscriptionId, ownerId, generation: held.generation, termMs };
  }

  async renew(ownership: Ownership): Promise<'renewed' | 'lost'> {
    const held = this.of(ownership.subscriptionId);
    if (!isOf(held, ownership)) return 'lost';
    held.expiresMs = this.nowMs() + ownership.termMs;
    return 'renewed';
  }

  async release(ownership: Ownership): Promise<void> {
    const held = this.of(ownership.subscriptionId);
    if (isOf(held, ownership)) held.ownerId = undefined;
  }

  async load(subscriptionId: string): Promise<readonly LanePosition[]> {
    const stored = this.of(subscriptionId).positions.values();
    return [...stored].map(({ topic, partition, epoch, position }) => ({ topic, partition, epoch, position }));
  }

  async loadWithAbove(subscriptionId: string): Promise<readonly StoredPosition[]> {
    return [...this.of(subscriptionId).positions.values()];
  }

  async store(
    ownership: Ownership,
    positions: readonly StoredPosition[],
    ended: readonly LanePosition[] = [],
  ): Promise<'stored' | 'stale'> {
    const held = this.of(ownership.subscriptionId);
    if (!isOf(held, ownership)) return 'stale';
    for (const lane of ended) {
      if (held.positions.get(laneOf(lane))?.epoch === lane.epoch) held.positions.delete(laneOf(lane));
    }
    for (const position of positions) {
      const known = held.positions.get(laneOf(position));
      if (known?.epoch === position.epoch && known.position > position.position) continue;
      held.positions.set(laneOf(position), position);
    }
    held.storedAtMicros = this.options.clock.nowMicros();
    return 'stored';
  }

  async rewind(subscriptionId: string, positions: readonly LanePosition[]): Promise<void> {
    const held = this.of(subscriptionId);
    held.generation++;
    held.ownerId = undefined;
    for (const position of positions) held.positions.set(laneOf(position), position);
  }

  async place(subscriptionId: string, positions: readonly LanePosition[]): Promise<void> {
    const held = this.of(subscriptionId);
    for (const position of positions) held.positions.set(laneOf(position), position);
    held.storedAtMicros = this.options.clock.nowMicros();
  }

  async standing(subscriptionId: string): Promise<OwnershipStanding> {
    const { ownerId, generation, expiresMs, storedAtMicros } = this.of(subscriptionId);
    const leftMs = expiresMs - this.nowMs();
    if (ownerId === undefined || leftMs <= 0) {
      return { ownerId: undefined, termLeftMs: undefined, generation, storedAtMicros };
    }
    return { ownerId, termLeftMs: leftMs, generation, storedAtMicros };
  }

  /** The subscription is no more: neither are its positions and its owner. */
  async forget(subscriptionId: string): Promise<void> {
    this.held.delete(subscriptionId);
  }

  private nowMs(): number {
    return this.options.clock.monotonicMs();
  }

  private of(subscriptionId: string): Held {
    let held = this.held.get(subscriptionId);
    if (held === undefined) {
      held = { generation: 0, ownerId: undefined, expiresMs: 0, positions: new Map() };
      this.held.set(subscriptionId, held);
    }
    return held;
  }
}

/** By owner too: generations begin anew when a subscription is deleted and created again, owners do not. */
function isOf(held: Held, { generation, ownerId }: Ownership): boolean {
  return held.generation === generation && held.ownerId === ownerId;
}

function laneOf({ topic, partition }: LanePosition): string {
  return `${topic}#${partition}`;
}
