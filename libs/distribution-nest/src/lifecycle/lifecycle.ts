import type { Clock } from '@distributary/distribution-core';
import type { Logger } from '../logging/logger.js';
import { canFollow, type LifecycleState } from './lifecycle-state.js';
import { withDeadline } from './with-deadline.js';

export interface LifecycleStep {
  /** For the log: `store_positions`. */
  readonly name: string;
  readonly deadlineMs: number;
  run(): Promise<void>;
}

export interface StepReport {
  readonly name: string;
  readonly outcome: 'done' | 'failed' | 'timed_out';
  readonly tookMs: number;
}

/**
 * start → ready → drain → stopped, each step in the order in which it was added, one after the other, each with a
 * deadline. Explicit, because the order of Nest's hooks between peers is not to be relied on.
 *
 * A start step that fails or takes too long makes `start` reject, after what had been started was drained. A drain step
 * that fails or takes too long is logged, and the next one runs: the ones behind it have something to save, too.
 */
export class Lifecycle {
  private current: LifecycleState = 'starting';
  private readonly startSteps: LifecycleStep[] = [];
  private readonly drainSteps: LifecycleStep[] = [];
  private draining: Promise<readonly StepReport[]> | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
    /** For all drain steps together. */
    private readonly drainTimeoutMs: number,
  ) {}

  get state(): LifecycleState {
    return this.current;
  }

  onStart(step: LifecycleStep): void {
    this.startSteps.push(step);
  }

  onDrain(step: LifecycleStep): void {
    this.drainSteps.push(step);
  }

  async start(): Promise<void> {
    for (const step of this.startSteps) {
      // Told to stop while it was starting: what is not started need not be drained.
      if (this.current !== 'starting') break;
      const report = await this.run(step, step.deadlineMs, 'lifecycle.start_step');
      if (report.outcome === 'done') continue;
      await this.drain('start_failed');
      throw new Error(`the start step ${step.name} ${report.outcome === 'failed' ? 'failed' : 'took too long'}`, {
        cause: report.error,
      });
    }
    if (this.current === 'starting') this.enter('ready', {});
  }

  /** May be called at any time and again: all callers wait for the same drain. Never rejects. */
  drain(reason: string): Promise<readonly StepReport[]> {
    this.draining ??= this.drainOnce(reason);
    return this.draining;
  }

  private async drainOnce(reason: string): Promise<readonly StepReport[]> {
    this.enter('draining', { reason });
    const endMs = this.clock.monotonicMs() + this.drainTimeoutMs;
    const reports: StepReport[] = [];
    for (const step of this.drainSteps) {
      const leftMs = Math.max(0, endMs - this.clock.monotonicMs());
      const { name, outcome, tookMs } = await this.run(step, Math.min(step.deadlineMs, leftMs), 'lifecycle.drain_step');
      reports.push({ name, outcome, tookMs });
    }
    this.enter('stopped', {});
    return reports;
  }

  private async run(step: LifecycleStep, deadlineMs: number, event: string): Promise<StepReport & { error?: unknown }> {
    const beganMs = this.clock.monotonicMs();
    const { name } = step;
    try {
      const ended = await withDeadline(this.clock, deadlineMs, () => step.run());
      const tookMs = this.clock.monotonicMs() - beganMs;
      const outcome = ended === 'timed_out' ? 'timed_out' : 'done';
      this.logger[outcome === 'done' ? 'debug' : 'warn'](event, { step: name, outcome, took_ms: tookMs });
      return { name, outcome, tookMs };
    } catch (error) {
      const tookMs = this.clock.monotonicMs() - beganMs;
      this.logger.error(event, { step: name, outcome: 'failed', took_ms: tookMs, error });
      return { name, outcome: 'failed', tookMs, error };
    }
  }

  private enter(state: LifecycleState, fields: Record<string, unknown>): void {
    if (!canFollow(this.current, state)) throw new Error(`a ${this.current} service cannot become ${state}`);
    this.current = state;
    this.logger.info('lifecycle.state_changed', { state, ...fields });
  }
}
