import type { Clock } from '@distributary/distribution-core';
import { unavailable } from '../pulsar.errors.js';

/** What the topics of a Pulsar tell of themselves. */
export interface PromisingTopics {
  /** Rejects if Pulsar does not answer. */
  listed(): Promise<unknown>;
  /** Names of topics of which less is kept than they promise. */
  keptTooShort(): Promise<readonly string[]>;
}

/** To ask of each topic what Pulsar keeps of it costs three requests a topic. */
const AGE_MS = 30_000;
const MAX_NAMED = 10;

/** Whether Pulsar keeps what topics promise: an administrator may change that, and readers would miss events. */
export class KeptPromises {
  private keptMs = -Infinity;
  private looking: Promise<void> | undefined;

  constructor(
    private readonly topics: PromisingTopics,
    private readonly clock: Clock,
  ) {}

  async check(): Promise<void> {
    if (this.clock.monotonicMs() - this.keptMs < AGE_MS) return void (await this.topics.listed());
    this.looking ??= this.look().finally(() => {
      this.looking = undefined;
    });
    await this.looking;
  }

  private async look(): Promise<void> {
    const beganMs = this.clock.monotonicMs();
    const short = await this.topics.keptTooShort();
    if (short.length > 0) {
      const named = short.slice(0, MAX_NAMED).join(', ');
      throw unavailable(`Pulsar keeps ${short.length} topics for shorter than they promise: ${named}`);
    }
    this.keptMs = beganMs;
  }
}
