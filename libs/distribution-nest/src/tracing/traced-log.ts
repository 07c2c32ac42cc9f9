import { SpanKind } from '@opentelemetry/api';
import type { Appended, GroupCommit, LaneAppend, Log } from '@distributary/distribution-core';
import type { Tracing } from './tracing.js';

/** A span for each append that holds traced events: where they were routed to, and how long the broker took. */
export function tracedLog<Traced extends Log>(log: Traced, tracing: Tracing): Traced {
  const append = async (appends: readonly LaneAppend[], commit?: GroupCommit): Promise<readonly Appended[]> => {
    const traceparents = tracesOf(appends);
    if (traceparents.length === 0) return log.append(appends, commit);
    const topics = [...new Set(appends.map(({ topic }) => topic))];
    const span = tracing.start('append', SpanKind.PRODUCER, traceparents, {
      'messaging.batch.message_count': appends.reduce((sum, { records }) => sum + records.length, 0),
      'messaging.destination.name': topics.slice(0, 10).join(' '),
      'distributary.lanes': appends.length,
    });
    try {
      const appended = await log.append(appends, commit);
      span.end();
      return appended;
    } catch (error) {
      span.fail(error);
      throw error;
    }
  };
  // Everything else is the log's own, and runs on it: it keeps its state in itself.
  return new Proxy(log, {
    get(target, name) {
      if (name === 'append') return append;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

const MAX_LINKS = 32;

function tracesOf(appends: readonly LaneAppend[]): string[] {
  const found = new Set<string>();
  for (const { records } of appends) {
    for (const { traceparent } of records) {
      if (traceparent !== undefined && found.size < MAX_LINKS) found.add(traceparent);
    }
  }
  return [...found];
}
