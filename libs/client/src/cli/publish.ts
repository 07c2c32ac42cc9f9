import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { PublishResult } from '@distributary/contracts';
import { DistributaryError } from '../errors.js';
import { shiftedBy, UsageError } from './failure.js';
import { eventsFrom } from './event-source.js';
import { publishEvents } from '../rest/publish-events.js';
import { note, type Terminal, writeLine } from './terminal.js';

export interface PublishOptions {
  readonly url: string;
  readonly topic?: string;
  readonly key?: string;
  readonly dataType?: string;
  readonly service?: string;
  readonly source?: string;
  readonly severity?: string;
  readonly data?: string;
  readonly json?: boolean;
}

const RETRY_MS = 1_000;
/** So long one batch is tried. */
const PATIENCE_MS = 60_000;
const MAX_BATCH_EVENTS = 500;
/** Well below the size of a request body that services take. */
const MAX_BATCH_LENGTH = 512 * 1024;

interface Progress {
  published: number;
  duplicates: number;
}

export async function publish(terminal: Terminal, file: string | undefined, options: PublishOptions): Promise<void> {
  const progress = { published: 0, duplicates: 0 };
  try {
    await publishAll(terminal, sourceOf(terminal, file, options), options, progress);
    terminal.stop.throwIfAborted();
  } catch (error) {
    if (progress.published > 0 || terminal.stop.aborted) {
      note(
        terminal,
        `published ${eventCount(progress.published)} before ${terminal.stop.aborted ? 'it was stopped' : 'that'}`,
      );
    }
    throw error;
  }
  const { published, duplicates } = progress;
  if (published === 0) throw new UsageError('no events to publish');
  if (options.json === true) return;
  const copies = duplicates === 0 ? '' : `, ${duplicates} of them known already`;
  await writeLine(terminal, `published ${eventCount(published)}${copies}`);
}

/** Until all is published, or it is stopped. Errors name events by their place in the whole input. */
async function publishAll(
  terminal: Terminal,
  events: AsyncIterable<unknown>,
  options: PublishOptions,
  progress: Progress,
): Promise<void> {
  for await (const batch of inBatches(events)) {
    if (terminal.stop.aborted) return;
    // A batch under way is waited for: cut off, nobody would know whether it took effect.
    const results = await taken(terminal, options.url, batch, progress).catch((error: unknown) => {
      throw error instanceof DistributaryError ? shiftedBy(progress.published, error) : error;
    });
    progress.published += batch.length;
    progress.duplicates += results.filter(({ duplicate }) => duplicate).length;
    if (options.json === true) for (const result of results) await writeLine(terminal, JSON.stringify(result));
  }
}

/** What the service cannot take now is sent again when it says; whoever never answered is not waited for. */
async function taken(
  terminal: Terminal,
  url: string,
  batch: readonly unknown[],
  { published }: Progress,
): Promise<readonly PublishResult[]> {
  const givenUpAtMs = performance.now() + PATIENCE_MS;
  let hasAnswered = published > 0;
  for (;;) {
    try {
      return await publishEvents({ url, fetch, token: terminal.token }, batch);
    } catch (error) {
      if (!(error instanceof DistributaryError) || !error.retryable) throw error;
      const waitMs = Math.max(error.retryAfterMs ?? 0, RETRY_MS);
      hasAnswered ||= error.status !== undefined;
      if (!hasAnswered || terminal.stop.aborted || performance.now() + waitMs > givenUpAtMs) throw error;
      note(terminal, `${error.code}: ${error.message}; trying again`);
      await setTimeout(waitMs, undefined, { signal: terminal.stop }).catch(() => terminal.stop.throwIfAborted());
    }
  }
}

/** An id of its own makes it safe to send an event again. */
function identified(event: unknown): unknown {
  const isNamed = typeof event !== 'object' || event === null || Array.isArray(event) || 'event_id' in event;
  return isNamed ? event : { event_id: randomUUID(), ...event };
}

const eventCount = (count: number): string => `${count} event${count === 1 ? '' : 's'}`;

function sourceOf(terminal: Terminal, file: string | undefined, options: PublishOptions): AsyncIterable<unknown> {
  const { topic, key, dataType, service, source, severity, data } = options;
  const isSingle = [topic, key, dataType, service, source, severity, data].some((option) => option !== undefined);
  if (isSingle && file !== undefined) throw new UsageError('either a file or the fields of one event');
  if (isSingle) return one(eventOf(options));
  if (file === undefined || file === '-') return eventsFrom(terminal.stdin, 'stdin', terminal.stop);
  return eventsFrom(createReadStream(file), file, terminal.stop);
}

async function* one(event: unknown): AsyncGenerator<unknown> {
  yield await Promise.resolve(event);
}

/** The service fills in what is not said (id, time, topic and key), and tells what else it needs. */
function eventOf({ topic, key, dataType, service, source, severity, data = '{}' }: PublishOptions): unknown {
  if (dataType === undefined) throw new UsageError('one event needs at least --data-type and --data');
  let payload: unknown;
  try {
    payload = JSON.parse(data);
  } catch {
    throw new UsageError('--data: not JSON');
  }
  return {
    data_type: dataType,
    data: payload,
    routing: { topic, routing_key: key },
    metadata: { source_service: service, source, severity },
  };
}

async function* inBatches(events: AsyncIterable<unknown>): AsyncGenerator<readonly unknown[]> {
  let batch: unknown[] = [];
  let length = 0;
  for await (const given of events) {
    const event = identified(given);
    const added = JSON.stringify(event).length;
    if (batch.length > 0 && (batch.length === MAX_BATCH_EVENTS || length + added > MAX_BATCH_LENGTH)) {
      yield batch;
      batch = [];
      length = 0;
    }
    batch.push(event);
    length += added;
  }
  if (batch.length > 0) yield batch;
}
