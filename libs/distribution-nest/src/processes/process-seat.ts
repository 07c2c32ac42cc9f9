import type { Clock } from '@distributary/distribution-core';
import type { Logger } from '../logging/logger.js';
import { RestartPause, type RestartLimits } from './restart-pause.js';

/** A process that was started. */
export interface StartedProcess {
  readonly pid: number | undefined;
  /** It does its work now; never resolves if it ends before. */
  readonly ready: Promise<void>;
  /** Why it ended, in a word or two for the log. Never rejects. */
  readonly ended: Promise<string>;
  /** Asks it to finish its work and end. */
  drain(): void;
  /** Has it read its certificates again. Only one that is ready may be asked: before, it would end by it. */
  reload(): void;
  /** Ends it at once. */
  kill(): void;
}

export interface SeatDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  /** To become ready; then it is ended, and counts as one that ended by itself. */
  readonly readyWithinMs: number;
  /** To end after it was asked to; then it is killed. */
  readonly drainWithinMs: number;
  readonly restart?: RestartLimits;
}

/**
 * Which of the two names of a seat a process has. One that follows a crash has the name of the one before, whose work it
 * takes up; one that starts beside it has the other.
 */
export type Side = 'a' | 'b';

/**
 * One place in which a process is to run, always.
 *
 * empty     nothing runs: not begun, or the last one ended by itself and the pause before the next one goes on
 * running   one was started; it may not be ready yet
 * changing  beside the running one its successor starts; when that is ready, the running one drains
 * closed    nothing is started any more
 */
export class ProcessSeat {
  private current: StartedProcess | undefined;
  private successor: StartedProcess | undefined;
  private readonly pause: RestartPause;
  private cancelPause: () => void = () => undefined;
  private isClosed = false;
  private side: Side = 'a';

  constructor(
    readonly name: string,
    private readonly start: (side: Side) => StartedProcess,
    private readonly deps: SeatDependencies,
  ) {
    this.pause = new RestartPause(deps.restart);
  }

  /** Of the process that has the seat; undefined while nobody has. */
  get pid(): number | undefined {
    return this.current?.pid;
  }

  /** Resolves when the first one is ready; rejects if it ends before, and then the seat stays empty. */
  async open(): Promise<void> {
    const first = this.begin();
    this.current = first;
    await this.whenReady(first);
    this.keep(first);
  }

  /** A new process takes the seat, and the old one drains when the new one is ready. Rejects, the old one staying, if it is not. */
  async replace(): Promise<void> {
    if (this.isClosed) return;
    const side = this.side === 'a' ? 'b' : 'a';
    const successor = this.begin(side);
    this.successor = successor;
    try {
      await this.whenReady(successor);
    } finally {
      this.successor = undefined;
    }
    const before = this.current;
    this.cancelPause();
    this.current = successor;
    this.side = side;
    this.keep(successor);
    // Closed meanwhile: both were asked to drain then.
    if (before !== undefined && !this.isClosed) await this.drained(before);
  }

  /** Who runs here reads its certificates again; who is starting does when it is ready. */
  reload(): void {
    for (const process of [this.current, this.successor]) void process?.ready.then(() => process.reload());
  }

  /** Drains, and starts nothing any more. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.cancelPause();
    const running = [this.current, this.successor].filter((process) => process !== undefined);
    await Promise.all(running.map((process) => this.drained(process)));
  }

  private begin(side = this.side): StartedProcess {
    const started = this.start(side);
    this.deps.logger.info('process.started', { process: this.name, pid: started.pid });
    return started;
  }

  private async whenReady(started: StartedProcess): Promise<void> {
    const { clock, readyWithinMs, logger } = this.deps;
    let cancel: () => void = () => undefined;
    const late = new Promise<string>((resolve) => {
      cancel = clock.after(readyWithinMs, () => resolve(`was not ready within ${readyWithinMs} ms`));
    });
    const failure = await Promise.race([started.ready, started.ended, late]);
    cancel();
    if (failure === undefined) {
      logger.info('process.ready', { process: this.name, pid: started.pid });
      return;
    }
    started.kill();
    throw new Error(`the process ${this.name} did not start: ${failure}`);
  }

  /** Looks after it from now on: when it ends while it has the seat, another one is started. */
  private keep(started: StartedProcess): void {
    const { clock, logger } = this.deps;
    const sinceMs = clock.monotonicMs();
    void started.ended.then((reason) => {
      if (this.current !== started || this.isClosed) return;
      this.current = undefined;
      const pauseMs = this.pause.after(clock.monotonicMs() - sinceMs);
      logger.error('process.ended', { process: this.name, pid: started.pid, reason, restart_in_ms: pauseMs });
      this.beginAfter(pauseMs);
    });
  }

  private beginAfter(pauseMs: number): void {
    const { clock, logger } = this.deps;
    this.cancelPause = clock.after(pauseMs, () => {
      let next: StartedProcess;
      try {
        next = this.begin();
      } catch (error) {
        // The system has no room for it at this moment: as if it had ended at once.
        const againMs = this.pause.after(0);
        logger.error('process.not_started', { process: this.name, error, restart_in_ms: againMs });
        this.beginAfter(againMs);
        return;
      }
      this.current = next;
      this.keep(next);
      // Whether it becomes ready is the log's business alone: it has the seat, and if it ends, another one follows.
      this.whenReady(next).catch((error: unknown) => logger.error('process.not_ready', { process: this.name, error }));
    });
  }

  private async drained(process: StartedProcess): Promise<void> {
    const { clock, logger, drainWithinMs } = this.deps;
    process.drain();
    const cancel = clock.after(drainWithinMs, () => {
      logger.warn('process.killed', { process: this.name, pid: process.pid, drain_within_ms: drainWithinMs });
      process.kill();
    });
    const reason = await process.ended;
    cancel();
    logger.info('process.drained', { process: this.name, pid: process.pid, reason });
  }
}
