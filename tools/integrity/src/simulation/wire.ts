import { DistributionError, type ErrorCode } from '@distributary/distribution-core';
import type { SeededRandom } from '../seeded-random.js';
import type { ProcessClock, SimulatedTime } from './simulated-time.js';

/** Between a process and a server: about as fast as a network of one room. */
const LATENCY_MS = [0.1, 2] as const;
/** How long a client waits for a server that does not answer. */
const NO_ANSWER_MS = 400;

/**
 * The way from one process to one server and back. What was sent arrives, whatever becomes of the process, in the order
 * in which it was sent; the answer comes when the process can take it, or never if it is dead.
 */
export class Wire {
  /** The server cannot be reached: nothing arrives, and the process hears so after a while. */
  isCut = false;
  /** So many calls fail on their way there: nothing has happened. */
  failsBefore = 0;
  /** So many answers are lost: it has happened, and the process does not know. */
  failsAfter = 0;
  /** Each call takes so much longer on its way there. */
  slowMs = 0;
  private lastArrivalMs = 0;

  constructor(
    private readonly time: SimulatedTime,
    private readonly process: ProcessClock,
    private readonly random: SeededRandom,
    private readonly failure: ErrorCode,
  ) {}

  /** `isFaulty`: the faults that are counted are for calls of this kind. */
  async call<Result>(perform: () => Promise<Result>, isFaulty = true): Promise<Result> {
    if (this.process.isDead) return new Promise(() => undefined);
    const arrivalMs = Math.max(this.lastArrivalMs, this.time.nowMs + this.latency() + this.slowMs);
    this.lastArrivalMs = arrivalMs;
    await new Promise<void>((resolve) => this.time.at(arrivalMs, resolve));
    if (this.isCut) return this.unanswered();
    if (isFaulty && this.failsBefore > 0) {
      this.failsBefore--;
      return this.unanswered();
    }
    const answer = await perform().then(
      (result) => ({ result }),
      (error: unknown) => ({ error }),
    );
    if (isFaulty && this.failsAfter > 0) {
      this.failsAfter--;
      return this.unanswered();
    }
    await this.process.delay(this.latency());
    if ('error' in answer) throw answer.error;
    return answer.result;
  }

  /** Something that the server sends by itself. */
  arrive(): Promise<void> {
    return this.process.delay(this.latency());
  }

  heal(): void {
    this.isCut = false;
    this.failsBefore = 0;
    this.failsAfter = 0;
    this.slowMs = 0;
  }

  private latency(): number {
    return this.random.between(LATENCY_MS[0], LATENCY_MS[1]);
  }

  private async unanswered(): Promise<never> {
    await this.process.delay(this.random.between(1, NO_ANSWER_MS));
    throw new DistributionError(this.failure, 'no answer');
  }
}
