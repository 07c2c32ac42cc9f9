import type { Lane } from '@distributary/distribution-core';
import { DistributionError } from '@distributary/distribution-core';
import type { WebSocket } from 'ws';
import { connectionLost } from '../pulsar.errors.js';
import { readMessageId } from '../records/message-id.js';
import type { MessagePlace } from '../records/message-position.js';
import type { PulsarNames } from '../topics/pulsar-names.js';
import type { PulsarWeb } from '../wire/pulsar-web.js';

/** Messages under way over one socket; more than Pulsar's own limit of a producer would be refused. */
export const MAX_UNDER_WAY = 1_000;

export interface ProducerAnswer {
  readonly number: number;
  /** Undefined if Pulsar had the message already, or refused it. */
  readonly place: MessagePlace | undefined;
  readonly refusal: DistributionError | undefined;
}

export interface ProducerEvents {
  onAnswer(answer: ProducerAnswer): unknown;
  /** Once. `isTooLarge`: since it was sent a frame that is larger than it takes. */
  onClosed(isTooLarge: boolean): unknown;
}

export type Compression = 'none' | 'lz4' | 'zlib' | 'zstd' | 'snappy';

const TOO_LARGE = 1009;

/** Opens sockets of producers. A native client would stand here: it sends, and answers with numbers and places. */
export class ProducerSockets {
  constructor(
    private readonly web: PulsarWeb,
    private readonly names: PulsarNames,
    private readonly compression: Compression,
  ) {}

  async open(
    { topic, partition }: Lane,
    query: Readonly<Record<string, string>>,
    events: ProducerEvents,
  ): Promise<ProducerSocket> {
    const compressionType = this.compression.toUpperCase();
    const all = { ...query, compressionType, sendTimeoutMillis: '0', maxPendingMessages: String(2 * MAX_UNDER_WAY) };
    const path = `producer/${this.names.lane(topic, partition)}`;
    let isOpen = false;
    const socket = await this.web.open(path, all, (opening) => {
      opening.on('message', (data) => events.onAnswer(answerOf(String(data as Buffer))));
      opening.once('close', (code) => {
        if (isOpen) events.onClosed(code === TOO_LARGE);
      });
    });
    if (socket.readyState !== socket.OPEN) throw connectionLost(`open ${path}`);
    isOpen = true;
    return new ProducerSocket(socket);
  }
}

export class ProducerSocket {
  constructor(private readonly socket: WebSocket) {}

  send(frame: string): void {
    this.socket.send(frame);
  }

  close(): void {
    this.socket.close();
  }

  terminate(): void {
    this.socket.terminate();
  }
}

interface Answer {
  readonly result: string;
  readonly messageId?: string;
  readonly context: string;
  readonly errorMsg?: string;
}

function answerOf(text: string): ProducerAnswer {
  const { result, messageId, context, errorMsg = '' } = JSON.parse(text) as Answer;
  const number = Number(context);
  if (result !== 'ok') return { number, place: undefined, refusal: refusalOf(errorMsg) };
  const { isKnown, ...place } = readMessageId(messageId ?? '');
  return { number, place: isKnown ? place : undefined, refusal: undefined };
}

/** What it says is for people, in the words of Pulsar's own client. */
function refusalOf(message: string): DistributionError {
  if (/InvalidMessage|message size|too (large|big)/i.test(message)) {
    return new DistributionError('payload.too_large', `Pulsar refused an event: ${message}`);
  }
  return connectionLost('append', new Error(message));
}
