import type { Counter, Metrics, Principal } from '@distributary/distribution-core';
import { callerAddress } from './caller-address.js';
import { keyOf } from './request-limits.js';

export interface ConnectionLimitsConfig {
  readonly MAX_CONNECTIONS_PER_KEY: number;
  readonly MAX_CONNECTIONS_PER_ADDRESS: number;
}

/** Whether a stream may be opened; the function ends what was admitted, and may be called again without effect. */
export type Admission = { readonly release: () => void } | { readonly refusedBy: 'key' | 'address' | 'tenant' };

/** Another one who has a say, such as the quotas of tenants. Undefined: refused. */
export type AdmitToTenant = (tenant: string) => (() => void) | undefined;

/**
 * Streams at a time per key and per address. As many entries as there are streams at most, so it is bounded by the number
 * of sessions.
 */
export class ConnectionLimits {
  private readonly counts = new Map<string, number>();
  private readonly refused: ReadonlyMap<string, Counter>;

  constructor(
    private readonly config: ConnectionLimitsConfig,
    metrics: Metrics,
    /** May be set later, when the quotas are known. */
    public admitToTenant: AdmitToTenant = () => () => undefined,
  ) {
    this.refused = new Map(
      ['key', 'address', 'tenant'].map((limit) => [
        limit,
        metrics.counter('stream_refusals_total', 'Streams refused because their caller has too many', { limit }),
      ]),
    );
  }

  admit(principal: Principal, peerAddress: string | undefined): Admission {
    const key = `key ${keyOf(principal)}`;
    const address = `address ${callerAddress(peerAddress)}`;
    if (this.countOf(key) >= this.config.MAX_CONNECTIONS_PER_KEY) return this.refuse('key');
    // Doors without an address, such as tests of parts, count by key only.
    const isKnown = peerAddress !== undefined;
    if (isKnown && this.countOf(address) >= this.config.MAX_CONNECTIONS_PER_ADDRESS) return this.refuse('address');
    const leaveTenant = this.admitToTenant(principal.tenant);
    if (leaveTenant === undefined) return this.refuse('tenant');
    const names = isKnown ? [key, address] : [key];
    for (const name of names) this.counts.set(name, this.countOf(name) + 1);
    let isOpen = true;
    return {
      release: () => {
        if (!isOpen) return;
        isOpen = false;
        leaveTenant();
        for (const name of names) this.leave(name);
      },
    };
  }

  private refuse(by: 'key' | 'address' | 'tenant'): Admission {
    this.refused.get(by)?.add();
    return { refusedBy: by };
  }

  private countOf(name: string): number {
    return this.counts.get(name) ?? 0;
  }

  private leave(name: string): void {
    const left = this.countOf(name) - 1;
    if (left > 0) this.counts.set(name, left);
    else this.counts.delete(name);
  }
}
