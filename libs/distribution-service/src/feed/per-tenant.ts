import { DEFAULT_TENANT, type EventBatch, tenantOf } from '@distributary/distribution-core';
import type { FeedConsumer } from './event-feed.js';

/** Tenants beside the default one whose state is kept; beyond it, that of the one that was told of first is let go of. */
const MAX_TENANTS = 1_000;

/** State that is built from events, for each tenant its own, so that nothing of one is ever seen in another's. */
export class PerTenant<State extends FeedConsumer> implements FeedConsumer {
  private readonly others = new Map<string, State>();
  private isWhole = false;

  constructor(
    /** The default tenant's. */
    readonly own: State,
    private readonly create: () => State,
    private readonly maxTenants = MAX_TENANTS,
  ) {}

  /** Undefined if nothing was ever heard of the tenant. */
  of(tenant: string): State | undefined {
    return tenant === DEFAULT_TENANT ? this.own : this.others.get(tenant);
  }

  apply(batch: EventBatch, topic: string): void {
    this.stateOf(tenantOf(topic)).apply(batch, topic);
  }

  ready(): void {
    this.isWhole = true;
    this.own.ready();
    for (const state of this.others.values()) state.ready();
  }

  private stateOf(tenant: string): State {
    const known = this.of(tenant);
    if (known !== undefined) return known;
    if (this.others.size >= this.maxTenants) this.others.delete(this.others.keys().next().value as string);
    const state = this.create();
    if (this.isWhole) state.ready();
    this.others.set(tenant, state);
    return state;
  }
}
