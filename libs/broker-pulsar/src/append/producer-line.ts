import type { DistributionError, EventRecord, Lane } from '@distributary/distribution-core';
import type { MessagePlace } from '../records/message-position.js';

export interface ProducerAnswer {
  readonly number: number;
  /** Undefined if Pulsar had the message already, or refused it. */
  readonly place: MessagePlace | undefined;
  readonly refusal: DistributionError | undefined;
}

export interface ProducerEvents {
  onAnswer(answer: ProducerAnswer): void;
  /** Once, and nothing after it. `isTooLarge`: since it was sent something that is larger than it takes. */
  onClosed(isTooLarge: boolean): void;
}

/** One producer of Pulsar on one lane: it numbers what it is given from `numberBefore` + 1 on. */
export interface ProducerLine {
  send(record: EventRecord, epoch: string, number: number): void;
  /** What is under way is not waited for. */
  close(): void;
  /** At once, as if it was lost. */
  terminate(): void;
}

export interface ProducerStart {
  /** The same name and number again: Pulsar drops what it has. */
  readonly producer: string;
  readonly numberBefore: number;
}

/** All that writing a lane needs of a client of Pulsar: its WebSocket API here, a native client there. */
export interface ProducerLines {
  open(lane: Lane, start: ProducerStart, events: ProducerEvents): Promise<ProducerLine>;
}

/** Messages under way over one line; more than Pulsar's own limit of a producer would be refused. */
export const MAX_UNDER_WAY = 1_000;
