import type { WireLanePosition } from '@distributary/contracts';
import type { LaneTable } from './lane-table.js';
import type { ClientClock } from './runtime.js';

const ACK_INTERVAL_MS = 200;

/** Which positions are acknowledged, and when the next acknowledgement goes out. */
export class AckLedger {
  private readonly sent = new Map<string, string>();
  private wanted: readonly WireLanePosition[] = [];
  private generation: number | undefined;
  private cancelTimer: (() => void) | undefined;

  constructor(
    private readonly done: LaneTable,
    private readonly told: Pick<LaneTable, 'reaches'>,
    private readonly clock: ClientClock,
    private readonly send: (generation: number, positions: readonly WireLanePosition[]) => void,
  ) {}

  /**
   * All that was acknowledged before is said again: to a new owner as well as to one that has gone back, as that may know of
   * less.
   */
  connected(generation: number | undefined): void {
    this.sent.clear();
    this.generation = generation;
    this.flush();
  }

  disconnected(): void {
    this.generation = undefined;
    this.sent.clear();
    this.stop();
  }

  /** What this owner was told last. */
  acknowledged(): readonly WireLanePosition[] {
    return this.wanted.filter((lane) => this.sent.get(keyOf(lane)) === lane.position);
  }

  now(): void {
    this.stop();
    this.wanted = this.done.positions();
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
