import type { EventRecord, Lane } from '@distributary/distribution-core';
import { DistributionError } from '@distributary/distribution-core';
import type { WebSocket } from 'ws';
import { connectionLost } from '../pulsar.errors.js';
import { eventFrame } from '../records/event-message.js';
import { readMessageId } from '../records/message-id.js';
import type { PulsarNames } from '../topics/pulsar-names.js';
import type { PulsarWeb } from '../wire/pulsar-web.js';
import {
  MAX_UNDER_WAY,
  type ProducerAnswer,
  type ProducerEvents,
  type ProducerLine,
  type ProducerLines,
  type ProducerStart,
} from './producer-line.js';

export type Compression = 'none' | 'lz4' | 'zlib' | 'zstd' | 'snappy';

const TOO_LARGE = 1009;

/** Producers by Pulsar's WebSocket API. */
export class ProducerSockets implements ProducerLines {
  constructor(
    private readonly web: PulsarWeb,
    private readonly names: PulsarNames,
    private readonly compression: Compression,
  ) {}

  async open(
    { topic, partition }: Lane,
    { producer, numberBefore }: ProducerStart,
    events: ProducerEvents,
  ): Promise<ProducerLine> {
    const compressionType = this.compression.toUpperCase();
    const query = {
      producerName: producer,
      initialSequenceId: String(numberBefore),
      compressionType,
      sendTimeoutMillis: '0',
      maxPendingMessages: String(2 * MAX_UNDER_WAY),
    };
    const path = `producer/${this.names.lane(topic, partition)}`;
    let isOpen = false;
    const socket = await this.web.open(path, query, (opening) => {
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

class ProducerSocket implements ProducerLine {
  constructor(private readonly socket: WebSocket) {}

  send(record: EventRecord, epoch: string, number: number): void {
    this.socket.send(eventFrame(record, epoch, number));
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
