import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { PublishResult } from '@distributary/contracts';
import {
  type Clock,
  DistributionError,
  type Gauge,
  type Metrics,
  type Principal,
} from '@distributary/distribution-core';
import type { AccessControl } from '../../auth/access-control.js';
import { principalOf } from '../../auth/grpc-authentication.js';
import { grpcError } from '../../errors/grpc-error.js';
import { PublishCall } from './publish-call.js';

export interface WirePublishRequest {
  readonly events?: unknown;
}

/** A call of a method that takes `PublishRequest`s and answers each with a `PublishAck`. */
export type PublishStreamCall = ServerDuplexStream<WirePublishRequest, object>;

export interface PublishCallsDependencies {
  readonly publish: (events: readonly unknown[], principal: Principal) => Promise<readonly PublishResult[]>;
  readonly access: AccessControl;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly onUnexpected: (error: unknown) => void;
}

const MAX_CALLS = 1_000;
const COME_BACK_MS = 1_000;

/** All streams of this process that publish: one place that limits, counts and drains them. */
export class PublishCalls {
  private readonly open = new Set<PublishCall>();
  private readonly gauge: Gauge;
  private isDraining = false;

  constructor(
    private readonly deps: PublishCallsDependencies,
    private readonly maxCalls = MAX_CALLS,
  ) {
    this.gauge = deps.metrics.gauge('grpc_publish_streams', 'Open gRPC streams that publish');
  }

  accept(call: PublishStreamCall): void {
    // A call that is refused may still be cancelled, which is no fault of anybody.
    if (this.isDraining || this.open.size >= this.maxCalls) {
      const code = this.isDraining ? 'draining' : 'gateway.full';
      const options = { retryAfterMs: COME_BACK_MS };
      call.emit('error', grpcError(new DistributionError(code, 'No more streams are taken here.', options)));
      return;
    }
    const { deps } = this;
    const inTurn = new InTurn();
    const certificate = () => call.getAuthContext()?.sslPeerCertificate?.raw;
    const publishing = new PublishCall(call, {
      // Anew for each batch: a stream outlives tokens and keys.
      publish: (events) =>
        inTurn.after(principalOf(deps.access, call.metadata, certificate), (principal) =>
          deps.publish(events, principal),
        ),
      clock: deps.clock,
      onUnexpected: deps.onUnexpected,
      onClosed: () => {
        if (this.open.delete(publishing)) this.gauge.set(this.open.size);
      },
    });
    this.open.add(publishing);
    this.gauge.set(this.open.size);
  }

  /** Takes no more; resolves when what was taken is answered. */
  async drain(): Promise<void> {
    this.isDraining = true;
    await Promise.all([...this.open].map((publishing) => publishing.drain()));
  }
}

/** Begins what waits for something in the order in which it was given, whatever is there first. */
class InTurn {
  private begun: Promise<unknown> = Promise.resolve();

  after<Known, Result>(known: Promise<Known>, run: (known: Known) => Promise<Result>): Promise<Result> {
    // Its failure is told when its turn has come.
    known.catch(() => undefined);
    const turn = this.begun.then(() => known);
    this.begun = turn.catch(() => undefined);
    return turn.then(run);
  }
}
