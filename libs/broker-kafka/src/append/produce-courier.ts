import type { Clock } from '@distributary/distribution-core';
import { connectionLost } from '../kafka.errors.js';
import type { KafkaMetrics } from '../kafka-metrics.js';
import type { Cluster, Purpose } from '../wire/cluster.js';
import { type ProducedLane, type ProduceOutcome, produceRequest } from '../wire/produce-request.js';

interface Parcel {
  readonly lane: ProducedLane;
  readonly resolve: (outcome: ProduceOutcome) => void;
  readonly reject: (error: unknown) => void;
}

interface Route {
  readonly waiting: Parcel[];
  isRunning: boolean;
}

/** A broker takes at most this in one request. */
const MAX_REQUEST_BYTES = 8 * 1024 * 1024;

/**
 * Carries batches of many lanes to the brokers that lead them, one request per broker under way: what comes meanwhile
 * goes along with the next. A lane has at most one batch on the way, so that a batch sent again keeps its place.
 */
export class ProduceCourier {
  private readonly routes = new Map<number, Route>();

  constructor(
    private readonly cluster: Cluster,
    private readonly clock: Clock,
    private readonly metrics: KafkaMetrics,
    private readonly requestTimeoutMs: number,
    private readonly purpose: Purpose = 'produce',
    /** If all that it carries belongs to one transaction. */
    private readonly transactionalId: string | null = null,
  ) {}

  /** Rejects if there was no answer; an answer with an error code is an outcome. */
  send(leader: number, lane: ProducedLane): Promise<ProduceOutcome> {
    let route = this.routes.get(leader);
    if (route === undefined) this.routes.set(leader, (route = { waiting: [], isRunning: false }));
    const { waiting } = route;
    const answer = new Promise<ProduceOutcome>((resolve, reject) => waiting.push({ lane, resolve, reject }));
    if (!route.isRunning) void this.run(leader, route);
    return answer;
  }

  private async run(leader: number, route: Route): Promise<void> {
    route.isRunning = true;
    // Other lanes that are written to in this turn of the loop go along.
    await Promise.resolve();
    while (route.waiting.length > 0) await this.carry(leader, take(route.waiting));
    route.isRunning = false;
  }

  private async carry(leader: number, parcels: readonly Parcel[]): Promise<void> {
    const startedMs = this.clock.monotonicMs();
    try {
      const lanes = parcels.map((parcel) => parcel.lane);
      const broker = this.cluster.node(leader, this.purpose);
      const outcomes = await broker.request(produceRequest(lanes, this.requestTimeoutMs, this.transactionalId));
      this.metrics.flushed(this.clock.monotonicMs() - startedMs);
      for (const { lane, resolve, reject } of parcels) {
        const outcome = outcomes.find(({ epoch, partition }) => epoch === lane.epoch && partition === lane.partition);
        if (outcome === undefined) reject(connectionLost('produce', new Error('the answer leaves a lane out')));
        else resolve(outcome);
      }
    } catch (error) {
      for (const { reject } of parcels) reject(error);
    }
  }
}

function take(waiting: Parcel[]): Parcel[] {
  let bytes = 0;
  let count = 0;
  while (count < waiting.length && (count === 0 || bytes + waiting[count].lane.batch.length <= MAX_REQUEST_BYTES)) {
    bytes += waiting[count++].lane.batch.length;
  }
  return waiting.splice(0, count);
}
