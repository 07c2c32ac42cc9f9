import { WebSocket } from 'ws';
import { serveParent } from '../child-program.js';
import { IngestConnection, isSuccess } from '../ingest-connection.js';
import { monotonicMicros } from '../monotonic-clock.js';
import type { DisturberAnswer, DisturberCommand, DisturberPlan } from './disturber-messages.js';

/**
 * Everything that is large, again and again, one after another: a batch of some megabytes, the latest value of each of
 * many keys, a page of history.
 */
const PAUSE_MS = 100;
const EVENTS_PER_POST = 1_000;
const LABEL_BYTES = 200;

class Disturber {
  private readonly errors = new Set<string>();
  private readonly ingest: IngestConnection;
  private readonly batch: string;

  constructor(private readonly plan: DisturberPlan) {
    this.ingest = new IngestConnection(plan.port, plan.ingestPath);
    this.batch = eventsText(plan.batchTopic, 0, plan.batchEvents, plan.eventBytes);
  }

  async prepare(): Promise<DisturberAnswer> {
    const { keyedTopic, keys } = this.plan;
    for (let from = 0; from < keys; from += EVENTS_PER_POST) {
      await this.post(eventsText(keyedTopic, from, Math.min(EVENTS_PER_POST, keys - from), 0));
    }
    await this.post(this.batch);
    return { type: 'prepared', errors: [...this.errors] };
  }

  async disturb(seconds: number): Promise<DisturberAnswer> {
    const endMicros = monotonicMicros() + seconds * 1e6;
    let rounds = 0;
    for (; monotonicMicros() < endMicros; rounds++) {
      await this.post(this.batch);
      await this.snapshot();
      await this.history();
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    return { type: 'disturbed', rounds, errors: [...this.errors] };
  }

  private async post(body: string): Promise<void> {
    const { status, body: answer } = await this.ingest.post(body);
    if (!isSuccess(status)) this.errors.add(`POST: ${status} ${answer.slice(0, 300)}`);
  }

  private async history(): Promise<void> {
    const { port, ingestPath, batchTopic } = this.plan;
    const query = new URLSearchParams({ patterns: batchTopic, limit: '500' }).toString();
    const response = await fetch(`http://127.0.0.1:${port}${ingestPath}?${query}`);
    const text = await response.text();
    if (!response.ok) this.errors.add(`history: ${response.status} ${text.slice(0, 300)}`);
  }

  private snapshot(): Promise<void> {
    const { port, streamPath, keyedTopic, keys } = this.plan;
    const query = new URLSearchParams({ patterns: keyedTopic, start: 'snapshot' }).toString();
    const socket = new WebSocket(`ws://127.0.0.1:${port}${streamPath}?${query}`);
    let values = 0;
    return new Promise((resolve) => {
      const end = (error?: string) => {
        if (error !== undefined) this.errors.add(`snapshot: ${error}`);
        socket.terminate();
        resolve();
      };
      socket.on('message', (data: Buffer) => {
        const { type, payload } = JSON.parse(data.toString()) as {
          readonly type: string;
          readonly payload: { readonly events?: readonly unknown[]; readonly last?: boolean };
        };
        if (type !== 'snapshot') return;
        values += payload.events?.length ?? 0;
        if (payload.last === true) end(values === keys ? undefined : `${values} values of ${keys} keys`);
      });
      socket.on('error', (error) => end(error.message));
    });
  }
}

function eventsText(topic: string, firstKey: number, count: number, bytes: number): string {
  const label = 'x'.repeat(LABEL_BYTES);
  const labels = Object.fromEntries(Array.from({ length: bytes / LABEL_BYTES }, (_, index) => [`l${index}`, label]));
  const events = Array.from({ length: count }, (_, index) => ({
    timestamp: new Date().toISOString(),
    data_type: 'METRICS',
    routing: { topic, routing_key: `d.k${firstKey + index}` },
    data: { metric_name: `k${firstKey + index}`, current_value: index, labels },
    metadata: { source_service: 'disturber', retention_policy: '1d' },
  }));
  return JSON.stringify(events);
}

let disturber: Disturber | undefined;

serveParent<DisturberCommand, DisturberAnswer>(async (command, answer) => {
  if (command.type === 'prepare') {
    disturber = new Disturber(command.plan);
    answer(await disturber.prepare());
  } else if (disturber !== undefined) answer(await disturber.disturb(command.seconds));
});
