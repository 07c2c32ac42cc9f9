import { type Consumer, Kafka, logLevel } from 'kafkajs';
import { serveParent } from '../child-program.js';
import { scanEvents } from '../event-text.js';
import { monotonicMicros } from '../monotonic-clock.js';
import { quantile } from '../statistics.js';
import type { BareAnswer, BareCommand, BareResult } from './bare-messages.js';

/**
 * What anybody gets who reads the topic with a client of Kafka and does nothing with it: the latency that a subscriber of
 * the service is measured against.
 */
const MAX_EVENTS = 5_000_000;

class BareConsumer {
  private readonly stamps = new Float64Array(MAX_EVENTS);
  private readonly receipts = new Float64Array(MAX_EVENTS);
  private count = 0;
  private consumer: Consumer | undefined;
  private cpuAtStart = process.cpuUsage();

  async consume(brokers: readonly string[], topic: string): Promise<BareAnswer> {
    const kafka = new Kafka({ clientId: 'bare', brokers: [...brokers], logLevel: logLevel.NOTHING });
    this.consumer = kafka.consumer({ groupId: `bare-${process.pid}`, maxWaitTimeInMs: 100 });
    await this.consumer.connect();
    await this.consumer.subscribe({ topic, fromBeginning: false });
    const joined = new Promise<void>((resolve) => {
      this.consumer?.on('consumer.group_join', () => resolve());
    });
    await this.consumer.run({
      autoCommit: false,
      eachBatch: ({ batch }) => {
        const now = monotonicMicros();
        for (const { value } of batch.messages) if (value !== null) this.take(value, now);
        return Promise.resolve();
      },
    });
    await joined;
    // Where it begins is settled with its first fetch.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return { type: 'consuming' };
  }

  async finish(warmUpSeconds: number, seconds: number): Promise<BareResult> {
    await this.consumer?.disconnect();
    const first = this.stamps.subarray(0, this.count).reduce((least, stamp) => Math.min(least, stamp), Infinity);
    const from = first + warmUpSeconds * 1e6;
    const latencies: number[] = [];
    for (let at = 0; at < this.count; at++) {
      const stamp = this.stamps[at];
      if (stamp >= from && stamp < from + seconds * 1e6) latencies.push((this.receipts[at] - stamp) / 1000);
    }
    const { user, system } = process.cpuUsage(this.cpuAtStart);
    const at = (share: number) => quantile(latencies, share);
    return {
      type: 'result',
      events: this.count,
      fromScheduled: { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) },
      cpuSeconds: (user + system) / 1e6,
    };
  }

  private take(value: Buffer, now: number): void {
    const { stamps } = scanEvents(value);
    for (let at = 0; at < stamps.length && this.count < MAX_EVENTS; at++) {
      if (this.count === 0) this.cpuAtStart = process.cpuUsage();
      this.stamps[this.count] = stamps[at];
      this.receipts[this.count++] = now;
    }
  }
}

const consumer = new BareConsumer();
serveParent<BareCommand, BareAnswer>(async (command, answer) => {
  answer(
    command.type === 'consume'
      ? await consumer.consume(command.brokers, command.topic)
      : await consumer.finish(command.warmUpSeconds, command.seconds),
  );
});
