import type { Clock } from '@distributary/distribution-core';

interface Alarm {
  readonly dueMs: number;
  /** Alarms of one moment ring in the order in which they were set. */
  readonly sequence: number;
  readonly ring: () => void;
  isCancelled: boolean;
}

/** Whoever sets alarms for now again and again would never end. */
const MAX_AT_ONCE = 100_000;

/**
 * The one scheduler of a simulated world. Whatever happens is an alarm; one rings, then everything that follows from it
 * without time passing happens (all microtasks), then the next one rings. So a run is the same each time.
 */
export class SimulatedTime {
  nowMs = 0;
  private sequence = 0;
  /** Alarms of the present moment. */
  private rang = 0;
  /** A binary heap, the next one first. */
  private readonly alarms: Alarm[] = [];

  at(dueMs: number, ring: () => void): () => void {
    const alarm: Alarm = { dueMs: Math.max(dueMs, this.nowMs), sequence: ++this.sequence, ring, isCancelled: false };
    this.push(alarm);
    return () => {
      alarm.isCancelled = true;
    };
  }

  after(delayMs: number, ring: () => void): () => void {
    return this.at(this.nowMs + delayMs, ring);
  }

  delay(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve);
    });
  }

  /** True if the condition came true before the time was over. */
  async run(forMs: number, until: () => boolean = () => false): Promise<boolean> {
    const endMs = this.nowMs + forMs;
    await everythingThatFollows();
    while (!until()) {
      const next = this.alarms[0];
      if (next === undefined || next.dueMs > endMs) {
        this.nowMs = endMs;
        return until();
      }
      this.pop();
      if (next.isCancelled) continue;
      this.rang = next.dueMs === this.nowMs ? this.rang + 1 : 0;
      if (this.rang > MAX_AT_ONCE) throw new Error(`time stands still at ${this.nowMs} ms`);
      this.nowMs = next.dueMs;
      next.ring();
      await everythingThatFollows();
    }
    return true;
  }

  private push(alarm: Alarm): void {
    const { alarms } = this;
    let at = alarms.push(alarm) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(alarms[parent], alarm)) break;
      alarms[at] = alarms[parent];
      at = parent;
    }
    alarms[at] = alarm;
  }

  private pop(): void {
    const { alarms } = this;
    const last = alarms.pop() as Alarm;
    const size = alarms.length;
    if (size === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && isBefore(alarms[child + 1], alarms[child])) child++;
      if (isBefore(last, alarms[child])) break;
      alarms[at] = alarms[child];
      at = child;
    }
    alarms[at] = last;
  }
}

const isBefore = (a: Alarm, b: Alarm): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence);

/** Node empties the queue of microtasks before it comes to what was set for the end of the turn. */
const everythingThatFollows = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

const START_MICROS = 1_750_000_000_000_000;

/**
 * The clock of one simulated process. While the process is paused its alarms do not ring (they do when it goes on), but
 * its monotonic clock does not stop, as for a process that was sent SIGSTOP. The alarms of a dead one never ring.
 */
export class ProcessClock implements Clock {
  /** Of its wall clock, against the true time. */
  skewMs = 0;
  private state: 'runs' | 'paused' | 'dead' = 'runs';
  private held: (() => void)[] = [];

  constructor(private readonly time: SimulatedTime) {}

  get isPaused(): boolean {
    return this.state === 'paused';
  }

  get isDead(): boolean {
    return this.state === 'dead';
  }

  nowMicros(): number {
    return START_MICROS + Math.round((this.time.nowMs + this.skewMs) * 1000);
  }

  monotonicMs(): number {
    return this.time.nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    let isCancelled = false;
    const ring = () => {
      if (isCancelled || this.state === 'dead') return;
      if (this.state === 'paused') this.held.push(ring);
      else callback();
    };
    const cancel = this.time.after(delayMs, ring);
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  soon(callback: () => void): void {
    this.after(0, callback);
  }

  /** Never resolves once the process is dead. */
  delay(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve);
    });
  }

  pause(): void {
    if (this.state === 'runs') this.state = 'paused';
  }

  resume(): void {
    if (this.state !== 'paused') return;
    this.state = 'runs';
    for (const ring of this.held.splice(0)) this.time.after(0, ring);
  }

  die(): void {
    this.state = 'dead';
    this.held = [];
  }
}
