import type { Clock } from '@distributary/distribution-core';

/** What hears of failures that no caller is there to hear. Structurally the service's logger. */
export interface FailureLog {
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

export const noFailureLog: FailureLog = { warn: () => undefined };

/** Something that runs by itself between start and stop. */
export interface Schedule {
  start(): void;
  /** Resolves when what was going on is over. Can be started again. */
  stop(): Promise<void>;
}

/**
 * Runs a task at a steady pace, the first time after one interval. A run that takes longer than the interval makes the
 * next ones be left out, so runs never overlap. A failure is logged and does not end the schedule.
 */
export class RepeatingTask implements Schedule {
  private cancel: (() => void) | undefined;
  private running: Promise<void> | undefined;

  constructor(
    private readonly name: string,
    private readonly intervalMs: number,
    private readonly clock: Clock,
    private readonly task: () => void | Promise<void>,
    private readonly log: FailureLog = noFailureLog,
  ) {}

  start(): void {
    if (this.cancel === undefined) this.next();
  }

  async stop(): Promise<void> {
    this.cancel?.();
    this.cancel = undefined;
    await this.running;
  }

  /** The run that is going on, if any. */
  async settled(): Promise<void> {
    await this.running;
  }

  private next(): void {
    this.cancel = this.clock.after(this.intervalMs, () => {
      this.next();
      this.running ??= this.run().finally(() => {
        this.running = undefined;
      });
    });
  }

  private async run(): Promise<void> {
    try {
      await this.task();
    } catch (error) {
      this.log.warn('schedule.failed', { schedule: this.name, error });
    }
  }
}

/** Several schedules as one: started in order, stopped in reverse, each awaited. */
export class Schedules implements Schedule {
  constructor(private readonly schedules: readonly Schedule[]) {}

  start(): void {
    for (const schedule of this.schedules) schedule.start();
  }

  async stop(): Promise<void> {
    for (const schedule of [...this.schedules].reverse()) await schedule.stop();
  }
}
