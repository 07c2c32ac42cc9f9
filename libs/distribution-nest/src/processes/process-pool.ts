import { ProcessSeat, type SeatDependencies, type Side, type StartedProcess } from './process-seat.js';

export interface PlannedProcess {
  /** For the log. */
  readonly name: string;
  start(side: Side): StartedProcess;
}

/** The processes of one service on one machine, each kept running in its seat until the pool stops. */
export class ProcessPool {
  private readonly seats: readonly ProcessSeat[];
  private readonly opened: ProcessSeat[] = [];
  private restarting: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;

  constructor(
    plan: readonly PlannedProcess[],
    private readonly deps: SeatDependencies,
  ) {
    this.seats = plan.map(({ name, start }) => new ProcessSeat(name, start, deps));
  }

  /** By seat; undefined where none runs at this moment. */
  get pids(): readonly (number | undefined)[] {
    return this.seats.map(({ pid }) => pid);
  }

  /**
   * The first alone, for it prepares what all need, then the others. Rejects, with nothing left running, if one of them does
   * not become ready: what is wrong with the first start (a setting, a port) is wrong with the next one, too.
   */
  async start(): Promise<void> {
    try {
      const [first, ...others] = this.seats;
      await this.open(first);
      if (this.stopping === undefined) await Promise.all(others.map((seat) => this.open(seat)));
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /**
   * Every process is replaced, one after another, each drained when its successor is ready: at no time are there fewer. One
   * that does not become ready ends the restart; the others stay as they are. Called while one goes on: the same one.
   */
  restart(): Promise<void> {
    this.restarting ??= this.restartOnce().finally(() => {
      this.restarting = undefined;
    });
    return this.restarting;
  }

  /** All of them read their certificates again. */
  reload(): void {
    for (const seat of this.seats) seat.reload();
  }

  /** All of them drain at once. Resolves when they have ended; may be called again. */
  stop(): Promise<void> {
    this.stopping ??= this.stopOnce();
    return this.stopping;
  }

  private open(seat: ProcessSeat): Promise<void> {
    this.opened.push(seat);
    return seat.open();
  }

  private async stopOnce(): Promise<void> {
    await Promise.all(this.opened.map((seat) => seat.close()));
    await this.restarting?.catch(() => undefined);
  }

  private async restartOnce(): Promise<void> {
    const { logger } = this.deps;
    logger.info('processes.restart_begins', { processes: this.seats.length });
    for (const seat of this.seats) {
      if (this.stopping !== undefined) return;
      await seat.replace();
    }
    logger.info('processes.restarted', { processes: this.seats.length });
  }
}
