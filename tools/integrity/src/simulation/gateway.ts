import {
  CompetingSubscriptions,
  DistributionError,
  EventRouter,
  FanOut,
  type FrameEncoder,
  Handovers,
  type IdSource,
  Ingest,
  LOCAL_PRINCIPAL,
  noMetrics,
  type PublishedEvent,
  type PublishOutcome,
  RuleTable,
  StreamSession,
  TopicDirectory,
  TopicRouter,
} from '@distributary/distribution-core';
import { aRule, lineEncoder } from '@distributary/distribution-core/testing';
import type { SeededRandom } from '../seeded-random.js';
import { Connection, type Peer } from './connection.js';
import { droppingEncoder } from './dropping-encoder.js';
import { type SimulatedBroker, SimulatedLog } from './simulated-broker.js';
import { SimulatedCatalog, SimulatedCursors, SimulatedSubscriptions } from './simulated-stores.js';
import { ProcessClock, type SimulatedTime } from './simulated-time.js';
import { ROUTED_TOPIC, EXTERNAL_TOPIC } from './topics.js';
import { Wire } from './wire.js';
import type { Mutation } from './mutation.js';
import type { Stores, Tuning } from './surroundings.js';

/** What every process of a simulated world is built on. */
export interface GatewaySurroundings {
  readonly time: SimulatedTime;
  readonly broker: SimulatedBroker;
  readonly stores: Stores;
  readonly tuning: Tuning;
  readonly mutation: Mutation | undefined;
  /** What the processes themselves report as broken. */
  readonly onViolation: (text: string) => void;
}

/** A client's connection as the gateway holds it. */
export interface Accepted {
  readonly connection: Connection;
  readonly session: StreamSession;
}

/** A client that hears nothing of its gateway for this long gives the connection up. */
const HEARTBEAT_MISSED_MS = 4_000;
const START_RETRY_MS = 300;

/** One life of one process with all roles: the whole core, over its own wires to the broker and to the stores. */
export class Gateway {
  readonly clock: ProcessClock;
  readonly brokerWire: Wire;
  readonly storeWire: Wire;
  isReady = false;
  private readonly log: SimulatedLog;
  private readonly ingest: Ingest;
  private readonly fanOut: FanOut;
  private readonly competing: CompetingSubscriptions;
  private readonly directory: TopicDirectory;
  private readonly router: TopicRouter;
  private readonly handovers = new Handovers();
  private readonly cursors: SimulatedCursors;
  private readonly subscriptions: SimulatedSubscriptions;
  private readonly ids: IdSource;
  private readonly encoder: FrameEncoder;
  private readonly accepted = new Set<Accepted>();
  private pauses = 0;

  constructor(
    readonly name: string,
    private readonly random: SeededRandom,
    private readonly around: GatewaySurroundings,
  ) {
    const { time, broker, stores, tuning, mutation } = around;
    const clock = new ProcessClock(time);
    this.clock = clock;
    this.brokerWire = new Wire(time, clock, random, 'broker.unavailable');
    this.storeWire = new Wire(time, clock, random, 'store.unavailable');
    const log = new SimulatedLog(broker, this.brokerWire, clock);
    this.log = log;
    this.cursors = new SimulatedCursors(stores.cursors, this.storeWire);
    this.subscriptions = new SimulatedSubscriptions(stores.subscriptions, this.storeWire);
    let ids = 0;
    this.ids = { uuid: () => `${name}-${++ids}`, random: () => random.next() };
    const metrics = noMetrics;
    const dedupeWindowMs = mutation === 'forgets-copies' ? 0 : tuning.dedupeWindowMs;
    const { segmentBytes, rewindMs, lingerMs, dropOldestKeeps, sessions: limits } = tuning;
    this.fanOut = new FanOut({
      log,
      clock,
      metrics,
      limits: { segmentBytes, rewindMs, lingerMs, dropOldestKeeps, dedupeWindowMs, blockTimeoutMs: 8_000 },
    });
    this.competing = new CompetingSubscriptions({
      log,
      cursors: this.cursors,
      clock,
      ids: this.ids,
      metrics,
      limits: { ...limits, dedupeWindowMs },
      replays: undefined,
    });
    const onError = () => undefined;
    this.directory = new TopicDirectory({
      catalog: new SimulatedCatalog(stores.catalog, this.storeWire),
      log,
      clock,
      metrics,
      onError,
    });
    this.directory.onChange((topics) => this.fanOut.setTopics(topics));
    this.directory.onChange((topics) => this.competing.setTopics(topics));
    this.ingest = new Ingest({ log, topics: this.directory, clock, metrics });
    const router = new EventRouter({ topics: this.directory, restate: (record) => record.value, metrics });
    router.use(RuleTable.compile([aRule({ sourcePattern: EXTERNAL_TOPIC, targetTopic: ROUTED_TOPIC })]));
    this.router = new TopicRouter({
      log,
      topics: this.directory,
      router,
      ownership: this.cursors,
      clock,
      ids: this.ids,
      metrics,
      limits: { termMs: limits.ownershipTermMs },
      onError,
    });
    this.encoder = mutation === 'drops-event' ? droppingEncoder(lineEncoder) : lineEncoder;
    void this.start();
  }

  /** Rejects as ingest does; never settles once the process is dead. */
  publish(events: readonly PublishedEvent[]): Promise<readonly PublishOutcome[]> {
    return this.ingest.publish(events);
  }

  accept(peer: Peer, limitBytes: number): Accepted {
    const { time, mutation } = this.around;
    const heard: Peer =
      mutation !== 'hides-gap'
        ? peer
        : {
            onMessage: (message) => message.type !== 'gap' && peer.onMessage(message),
            onClosed: (reason) => peer.onClosed(reason),
          };
    const connection = new Connection(time, this.random, this.clock, heard, limitBytes);
    const session = new StreamSession(
      {
        fanOut: this.fanOut,
        log: this.log,
        subscriptions: this.subscriptions,
        cursors: this.cursors,
        competing: this.competing,
        handovers: this.handovers,
        clock: this.clock,
        ids: this.ids,
        catalogVersion: () => this.directory.version,
        lookAtCatalog: () => this.directory.look(),
        limits: this.around.tuning.sessions,
      },
      LOCAL_PRINCIPAL,
      connection,
      this.encoder,
    );
    const accepted = { connection, session };
    this.accepted.add(accepted);
    connection.onGone = () => {
      this.accepted.delete(accepted);
      session.close().catch((error: unknown) => this.around.onViolation(`closing a session: ${String(error)}`));
    };
    return accepted;
  }

  setBrokerReachable(isReachable: boolean): void {
    this.brokerWire.isCut = !isReachable;
    this.log.setOutage(!isReachable);
  }

  /** As SIGSTOP does. Clients that are connected give up after a while. */
  pause(): void {
    this.clock.pause();
    const pause = ++this.pauses;
    this.around.time.after(HEARTBEAT_MISSED_MS, () => {
      if (!this.clock.isPaused || this.pauses !== pause) return;
      for (const { connection } of this.accepted) connection.cut(0);
    });
  }

  resume(): void {
    this.clock.resume();
  }

  /** All that is in memory is lost; what is on the wires to the servers still arrives there. */
  crash(): void {
    this.isReady = false;
    this.clock.die();
    for (const { connection } of this.accepted) connection.cut(0);
    this.accepted.clear();
    void this.log.close();
  }

  /** As SIGTERM does: clients are told to go, positions are stored, rights given up. */
  async drain(): Promise<void> {
    this.isReady = false;
    const sessions = [...this.accepted];
    for (const { connection } of sessions) connection.close('draining');
    await Promise.all(sessions.map(({ session }) => session.close()));
    await this.competing.close();
    await this.router.stop();
    this.directory.stop();
    await this.fanOut.stop();
    await this.log.close();
  }

  private async start(): Promise<void> {
    for (;;) {
      try {
        await this.directory.start([]);
        break;
      } catch (error) {
        if (!(error instanceof DistributionError)) throw error;
        await this.clock.delay(START_RETRY_MS);
      }
    }
    this.router.start();
    this.isReady = true;
  }
}
