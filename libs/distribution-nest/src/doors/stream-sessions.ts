import type { PublishResult } from '@distributary/contracts';
import {
  type Clock,
  type CompetingSubscriptions,
  type CursorStore,
  DEFAULT_STREAM_SESSION_LIMITS,
  type ErrorCode,
  type FanOut,
  type FrameEncoder,
  type Gauge,
  type DeliveryOutcomes,
  type Handovers,
  type History,
  type IdSource,
  type LiveReaders,
  type Log,
  type Metrics,
  type Outlet,
  type Principal,
  type Replays,
  StreamSession,
  type StreamSessionDependencies,
  type StreamSessionLimits,
  type SubscriptionStore,
  type Transformations,
} from '@distributary/distribution-core';
import type { AccessControl } from '../auth/access-control.js';
import type { Admission } from '../limits/connection-limits.js';
import { OpenSession } from './open-session.js';
import { type AroundCommand, StreamConnection, type StreamConnectionDependencies } from './stream-connection.js';
import { endSession, SessionExpiry } from './session-expiry.js';
import type { StreamVocabulary } from './stream-vocabulary.js';

export interface StreamSessionsDependencies {
  readonly fanOut: FanOut;
  readonly log: Log;
  readonly subscriptions: SubscriptionStore;
  readonly cursors: CursorStore;
  readonly competing: CompetingSubscriptions;
  readonly handovers?: Handovers;
  readonly live?: LiveReaders;
  readonly replays?: Replays;
  readonly outcomes?: DeliveryOutcomes;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly metrics: Metrics;
  readonly vocabulary: StreamVocabulary;
  readonly history: History;
  readonly transformations?: Transformations;
  readonly catalogVersion: () => number;
  readonly lookAtCatalog: () => Promise<void>;
  readonly publish: (events: readonly unknown[], principal: Principal) => Promise<readonly PublishResult[]>;
  /** Who may come in. */
  readonly access: AccessControl;
  /** If given, every command runs in it. */
  readonly aroundCommand?: AroundCommand;
  readonly onUnexpected: (error: unknown) => void;
  readonly maxSessions: number;
  /** Has a say in who may open one more session. */
  readonly admission?: { admit(principal: Principal, address: string | undefined): Admission };
  /** Told of who was not let in by a token that came within a stream. */
  readonly onRefused?: (code: ErrorCode, address: string | undefined) => void;
  /** The largest message that a WebSocket client may send. */
  readonly maxFrameBytes?: number;
  readonly limits?: Partial<StreamSessionLimits>;
}

/** Come back within this, spread evenly, so that a drained gateway is no stampede for the others. */
const RECONNECT_SPREAD_MS = 5_000;

/** All sessions of this process, whatever their transport: one place that limits, counts and drains them. */
export class StreamSessions {
  private readonly open = new Set<OpenSession>();
  private readonly ofSessions: StreamSessionDependencies;
  private readonly ofConnections: StreamConnectionDependencies;
  private readonly gauge: Gauge;
  private readonly expiry: SessionExpiry;
  private isDraining = false;
  readonly limits: StreamSessionLimits;

  constructor(readonly deps: StreamSessionsDependencies) {
    this.gauge = deps.metrics.gauge('stream_sessions', 'Open sessions on all transports');
    this.expiry = new SessionExpiry(this.open, deps.clock);
    this.limits = { ...DEFAULT_STREAM_SESSION_LIMITS, ...deps.limits };
    this.ofSessions = { ...deps, limits: this.limits };
    this.ofConnections = {
      ...deps,
      onRefreshed: () => this.expiry.watch(),
      nowMicros: () => deps.clock.nowMicros(),
    };
  }

  /** Open now, on all transports. */
  get count(): number {
    return this.open.size;
  }

  /** Undefined (and the outlet closed) if there is no room, its caller has too many, or the process drains. */
  start(outlet: Outlet, encoder: FrameEncoder, principal: Principal, address?: string): OpenSession | undefined {
    if (this.isDraining || this.open.size >= this.deps.maxSessions) {
      outlet.close(this.isDraining ? 'draining' : 'overloaded', this.reconnectMs());
      return undefined;
    }
    const { deps } = this;
    const admission = deps.admission?.admit(principal, address);
    if (admission !== undefined && 'refusedBy' in admission) {
      outlet.close('quota', this.reconnectMs());
      return undefined;
    }
    const session = new StreamSession(this.ofSessions, principal, outlet, encoder);
    const connection = new StreamConnection(this.ofConnections, encoder.name, session, outlet);
    const opened = new OpenSession(deps.ids.uuid(), outlet, session, connection, admission, this.onClosed);
    this.open.add(opened);
    this.expiry.watch();
    this.gauge.set(this.open.size);
    return opened;
  }

  private readonly onClosed = (closed: OpenSession): void => {
    if (this.open.delete(closed)) this.gauge.set(this.open.size);
  };

  /** API keys by which sessions are open. */
  openKeys(): readonly string[] {
    const keys = new Set<string>();
    for (const { session } of this.open) {
      if (session.principal.kind === 'api_key') keys.add(session.principal.id);
    }
    return [...keys];
  }

  /** The key was revoked: its sessions end now, and their clients are told so. */
  endKey(id: string): void {
    for (const open of this.open) {
      const { principal } = open.session;
      if (principal.kind === 'api_key' && principal.id === id) endSession(open, 'revoked');
    }
  }

  /** Tells every client to come back, and stores what was acknowledged. */
  async drain(): Promise<void> {
    this.isDraining = true;
    this.deps.fanOut.flushAll();
    const open = [...this.open];
    await Promise.all(
      open.map(async ({ outlet, session }) => {
        await session.close();
        outlet.close('draining', this.reconnectMs());
      }),
    );
  }

  private reconnectMs(): number {
    return Math.round(100 + this.deps.ids.random() * RECONNECT_SPREAD_MS);
  }
}
