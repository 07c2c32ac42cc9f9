import type { SubscribedPayload, WireLanePosition } from '@distributary/contracts';
import type { LaneTable } from './lane-table.js';
import type { ClientClock } from './runtime.js';

const ACK_INTERVAL_MS = 200;

/** Which positions are acknowledged, and when the next acknowledgement goes out. */
export class AckLedger {
  private readonly sent = new Map<string, string>();
  /** Where the present owner began. */
  private begun = new Map<string, string>();
  /** Lanes of which nothing more is acknowledged until they are sent again, each by how far it had been told. */
  private readonly refused = new Map<string, string>();
  private refusedOf: number | undefined;
  private wanted: readonly WireLanePosition[] = [];
  private generation: number | undefined;
  private cancelTimer: (() => void) | undefined;

  constructor(
    private readonly done: LaneTable,
    private readonly told: Pick<LaneTable, 'reaches' | 'positions'>,
    private readonly clock: ClientClock,
    private readonly send: (generation: number, positions: readonly WireLanePosition[]) => void,
  ) {}

  /**
   * All that was acknowledged before is said again: to a new owner as well as to one that has gone back, as that may know of
   * less.
   */
  connected({ generation, positions }: Pick<SubscribedPayload, 'generation' | 'positions'>): void {
    this.sent.clear();
    if (generation !== this.generation) this.begun = new Map(positions.map((lane) => [keyOf(lane), lane.position]));
    this.generation = generation;
    this.flush();
  }

  disconnected(): void {
    this.generation = undefined;
    this.sent.clear();
    this.stop();
  }

  /**
   * What is not acknowledged of any lane is to be sent again: behind these positions. Until it has come, what is dealt with
   * behind it is not acknowledged, which would stand for it, too.
   */
  refuse(): readonly WireLanePosition[] {
    this.stop();
    this.refusedOf = this.generation;
    return this.told.positions().map((lane) => {
      const key = keyOf(lane);
      const position = this.sent.get(key) ?? this.begun.get(key) ?? '';
      if (lane.position > position) this.refused.set(key, lane.position);
      return { ...lane, position };
    });
  }

  /** The consumer has come to where the service said that it stands. Another owner begins with all that was refused. */
  cameTo({ generation, positions }: Pick<SubscribedPayload, 'generation' | 'positions'>): void {
    if (generation !== this.refusedOf) this.refused.clear();
    for (const lane of positions) {
      const key = keyOf(lane);
      if (lane.position < (this.refused.get(key) ?? '')) this.refused.delete(key);
    }
  }

  now(): void {
    this.stop();
    const before = this.wanted.filter((lane) => this.refused.has(keyOf(lane)));
    this.wanted = [...before, ...this.done.positions().filter((lane) => !this.refused.has(keyOf(lane)))];
    this.flush();
  }

  soon(): void {
    this.cancelTimer ??= this.clock.after(ACK_INTERVAL_MS, () => this.now());
  }

  stop(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }

  private flush(): void {
    if (this.generation === undefined) return;
    // The owner of today may have begun before what was dealt with: it sends that again, and takes no word of it until then.
    const news = this.wanted.filter(
      (lane) => lane.position !== '' && this.sent.get(keyOf(lane)) !== lane.position && this.told.reaches(lane),
    );
    if (news.length === 0) return;
    for (const lane of news) this.sent.set(keyOf(lane), lane.position);
    this.send(this.generation, news);
  }
}

const keyOf = ({ topic, partition, epoch }: WireLanePosition) => `${topic}#${partition}#${epoch}`;
