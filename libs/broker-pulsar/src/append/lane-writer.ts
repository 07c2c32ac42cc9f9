import type { Clock, Lane, Position, Retrying } from '@distributary/distribution-core';
import { DistributionError, laneName } from '@distributary/distribution-core';
import { connectionLost, hasCode, isTransient, topicNotFound, unavailable, writeFailure } from '../pulsar.errors.js';
import type { PulsarMetrics } from '../pulsar-metrics.js';
import { positionOf, type MessagePlace } from '../records/message-position.js';
import type { PulsarTopic } from '../topics/pulsar-topic.js';
import type { TopicDirectory } from '../topics/topic-directory.js';
import type { LaneRequest } from './append-request.js';
import { Arrivals } from './arrivals.js';
import { MAX_UNDER_WAY, type ProducerAnswer, type ProducerLine, type ProducerLines } from './producer-line.js';
import { foundAgain, type Sending, SendingQueue } from './sending.js';

export interface LaneWriterParts {
  readonly lines: ProducerLines;
  readonly directory: Pick<TopicDirectory, 'find'>;
  readonly retrying: Retrying;
  readonly clock: Clock;
  readonly metrics: PulsarMetrics;
  readonly requestTimeoutMs: number;
  newProducerName(): string;
  /** Of its newest event. */
  endOf(lane: Lane): Promise<Position>;
  /** Where these events lie behind `after`, each where it was named; undefined for those that are not there. */
  locate(lane: Lane, after: Position, eventIds: readonly string[]): Promise<readonly (Position | undefined)[]>;
}

const LOOK_MS = 250;
/** Bytes of values under way; a socket's buffer is memory of ours. */
const MAX_BYTES_UNDER_WAY = 4 * 1024 ** 2;

/**
 * Writes one lane, over one socket, as one producer of Pulsar. What was under way when a socket was lost is looked for in the
 * lane, once a socket under the same name says that the one before is over, and only what is not there is repeated: Pulsar
 * drops repeated numbers as well, but not always while it takes up a topic again. A message that Pulsar refuses takes its
 * append with it; the producer is given up then, once nothing is under way, since whether the refused one was counted is not
 * told.
 */
export class LaneWriter {
  private readonly queue = new SendingQueue();
  private readonly closing = new AbortController();
  private line: ProducerLine | undefined;
  private producer: string;
  private isConnecting = false;
  private isLocating = false;
  /** A message was refused: nothing is sent until it is known of all under way what became of them. */
  private isSettling = false;
  private bytesUnderWay = 0;
  private lastSignMs = 0;
  private cancelLook: (() => void) | undefined;
  private readonly arrivals: Arrivals;

  constructor(
    readonly lane: Lane,
    private readonly parts: LaneWriterParts,
  ) {
    this.producer = parts.newProducerName();
    this.arrivals = new Arrivals(lane, parts.clock, parts.metrics);
  }

  get isIdle(): boolean {
    return this.queue.length === 0;
  }

  /** Closed: it takes nothing any more. */
  get isOver(): boolean {
    return this.closing.signal.aborted;
  }

  isCurrent(topic: PulsarTopic | undefined): boolean {
    return !this.isOver && topic !== undefined && topic.epoch === this.lane.epoch;
  }

  push(request: LaneRequest): void {
    this.queue.push(request);
    this.pump();
    this.lookLater();
  }

  close(): void {
    this.end(unavailable('the Pulsar log is closed'));
  }

  /** Rejects what waits, and takes nothing any more. */
  private end(error: Error): void {
    this.closing.abort();
    this.cancelLook?.();
    this.line?.close();
    for (let sending = this.queue.shift(); sending !== undefined; sending = this.queue.shift()) {
      sending.request.reject(error);
    }
  }

  private pump(): void {
    if (this.isOver || this.queue.length === 0) return;
    const { line } = this;
    if (line === undefined) {
      if (!this.isConnecting) void this.connect();
      return;
    }
    if (this.isSettling) return;
    while (this.queue.sent < MAX_UNDER_WAY && this.bytesUnderWay < MAX_BYTES_UNDER_WAY) {
      const next = this.queue.next();
      if (next === undefined) return;
      const { sending, number } = next;
      if (this.queue.sent === 1) this.lastSignMs = this.parts.clock.monotonicMs();
      this.bytesUnderWay += sending.record.value.length;
      line.send(sending.record, this.lane.epoch, number);
    }
  }

  /** Until there is a socket, or nobody wants it any more. */
  private async connect(): Promise<void> {
    this.isConnecting = true;
    try {
      await this.parts.retrying.patiently(this.closing.signal, async () => {
        while (this.queue.length > 0 && !(await this.begin()));
      });
    } catch (error) {
      this.end(writeFailure(error));
    }
    this.isConnecting = false;
    if (this.isOver) this.line?.close();
    else this.pump();
  }

  /** False if it is to be done again, since from then on messages bear other numbers. */
  private async begin(): Promise<boolean> {
    await this.checkTopic();
    this.arrivals.last ??= await this.parts.endOf(this.lane);
    const start = { producer: this.producer, numberBefore: this.queue.numberBefore };
    let isLost = false;
    const line = await this.parts.lines.open(this.lane, start, {
      // Of the one before, which is closing, nothing is heard any more.
      onAnswer: (answer) => {
        if (this.line === line) this.answered(answer);
      },
      onClosed: (isTooLarge) => {
        isLost = true;
        if (this.line === line) this.lost(isTooLarge);
      },
    });
    // Whoever wrote under this name before has ended: what is not in the lane now will not come.
    await this.findUnderWay().catch((error: unknown) => {
      line.close();
      throw error;
    });
    if (isLost) throw connectionLost(`write ${laneName(this.lane)}`);
    if (this.isSettling || this.queue.numberBefore !== start.numberBefore) {
      line.close();
      if (this.isSettling) this.renew();
      return false;
    }
    this.line = line;
    return true;
  }

  /** What was under way when the socket was lost is answered if it is in the lane, and otherwise sent again. */
  private async findUnderWay(): Promise<void> {
    if (this.queue.sent > 0) {
      const sent = [...this.queue.underWay()];
      const tooLate = foundAgain(sent, await this.placesOf(sent));
      const error = unavailable(`Pulsar has taken later events of ${laneName(this.lane)}, and not these`);
      for (const sending of tooLate) if (!sending.isRefused) this.giveUp(sending, error);
      this.queue.dropRefused();
      this.advance();
    }
    this.queue.unsend();
    this.bytesUnderWay = 0;
  }

  private async checkTopic(): Promise<void> {
    const topic = await this.parts.directory.find(this.lane.topic, 0);
    if (topic?.epoch !== this.lane.epoch) throw topicNotFound(this.lane.topic);
  }

  private answered({ number, place, refusal }: ProducerAnswer): void {
    this.lastSignMs = this.parts.clock.monotonicMs();
    const sending = this.queue.numbered(number);
    if (sending === undefined) return;
    if (refusal !== undefined) return this.refused(sending, refusal);
    this.confirmed(sending, place);
    this.settle();
  }

  private confirmed(sending: Sending, place: MessagePlace | undefined): void {
    if (place === undefined) sending.isElsewhere = true;
    else sending.position = positionOf(place);
    this.advance();
  }

  /** Answers requests whose messages have all arrived, from the front. */
  private advance(): void {
    for (let { first } = this.queue; first !== undefined; { first } = this.queue) {
      if (first.isElsewhere && !first.isRefused)
        return void this.locate().catch((error: unknown) => this.end(writeFailure(error)));
      if (first.position === undefined && !first.isElsewhere) break;
      this.shift();
      if (!first.isRefused) this.arrivals.arrived(first, first.position ?? '');
    }
    this.pump();
  }

  private shift(): void {
    const isUnderWay = this.queue.sent > 0;
    const bytes = this.queue.shift()?.record.value.length ?? 0;
    if (isUnderWay) this.bytesUnderWay = Math.max(0, this.bytesUnderWay - bytes);
  }

  /** Finds what Pulsar had already, in the lane itself. */
  private async locate(): Promise<void> {
    if (this.isLocating) return;
    this.isLocating = true;
    const found: Sending[] = [];
    for (const sending of this.queue.underWay()) {
      if (!sending.isElsewhere) break;
      found.push(sending);
    }
    const positions = await this.parts.retrying.patiently(this.closing.signal, () => this.placesOf(found));
    this.isLocating = false;
    if (this.isOver) return;
    // Whoever is not where Pulsar says that it is cannot be called acknowledged.
    const error = unavailable(`events of ${laneName(this.lane)} were not found where Pulsar has them`);
    found.forEach((sending, index) => {
      sending.isElsewhere = false;
      sending.position ??= positions?.[index];
      if (sending.position === undefined) this.giveUp(sending, error);
    });
    this.advance();
    this.settle();
  }

  /** Nowhere for all of them if retention has taken what they are looked for behind. Rejects if it cannot be told. */
  private async placesOf(sendings: readonly Sending[]): Promise<readonly (Position | undefined)[]> {
    const ids = sendings.map(({ record }) => record.eventId);
    try {
      return await this.parts.locate(this.lane, this.arrivals.last ?? '', ids);
    } catch (error) {
      if (hasCode(error, 'position.lost')) return [];
      throw error;
    }
  }

  private refused(sending: Sending, refusal: DistributionError): void {
    if (isTransient(refusal)) {
      this.isSettling = true;
      return this.line?.terminate();
    }
    this.giveUp(sending, refusal);
    this.advance();
    this.settle();
  }

  /** It was answered, if not as it should. */
  private giveUp(sending: Sending, error: Error): void {
    this.reject(sending, error);
    sending.position = this.arrivals.last ?? '';
    this.isSettling = true;
  }

  private reject({ request }: Sending, error: Error): void {
    this.arrivals.reject(request, error);
    this.queue.refuse(request);
  }

  /** Begins anew once nothing is under way. */
  private settle(): void {
    if (!this.isSettling || this.line === undefined || this.queue.sent > 0) return;
    const { line } = this;
    this.line = undefined;
    line.close();
    this.renew();
    this.pump();
  }

  private renew(): void {
    this.isSettling = false;
    this.producer = this.parts.newProducerName();
    this.queue.renumber();
  }

  private lost(isTooLarge: boolean): void {
    this.line = undefined;
    if (this.isOver) return;
    if (isTooLarge) this.refuseLargest();
    this.pump();
  }

  /** Pulsar does not say for which of them it closed the socket. */
  private refuseLargest(): void {
    const [largest] = [...this.queue.underWay()].sort((a, b) => b.record.value.length - a.record.value.length);
    if (largest === undefined) return;
    const error = `an event of ${largest.record.value.length} bytes is larger than a frame that Pulsar takes`;
    this.reject(largest, new DistributionError('payload.too_large', error));
    this.isSettling = true;
  }

  private lookLater(): void {
    if (this.cancelLook !== undefined || this.isOver) return;
    this.cancelLook = this.parts.clock.after(LOOK_MS, () => {
      this.cancelLook = undefined;
      this.look();
      if (this.queue.length > 0) this.lookLater();
    });
  }

  /** Rejects what has waited too long, and gives up a socket that says nothing. */
  private look(): void {
    const nowMs = this.parts.clock.monotonicMs();
    for (let { first } = this.queue; first !== undefined && first.request.deadlineMs <= nowMs; { first } = this.queue) {
      const { request } = first;
      this.arrivals.reject(request, unavailable(`Pulsar has not confirmed events of ${laneName(this.lane)} in time`));
      while (this.queue.first?.request === request) this.shift();
    }
    if (this.queue.sent > 0 && nowMs - this.lastSignMs > this.parts.requestTimeoutMs) this.line?.terminate();
  }
}
