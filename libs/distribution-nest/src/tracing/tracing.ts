import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Attributes,
  type Context,
  type HrTime,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { Span, Tracer } from '@opentelemetry/api';
import { DistributionError, type FlushTracing, type TracedFlush } from '@distributary/distribution-core';
import { parseTraceparent, traceparentOf } from './traceparent.js';

/** A span that is going on. */
export interface OpenSpan {
  /** What continues it elsewhere; undefined if it is not sampled. */
  readonly traceparent: string | undefined;
  end(attributes?: Attributes): void;
  fail(error: unknown): void;
}

/**
 * Spans of one service, from ingest to delivery. Who calls comes along the asynchronous calls (`within`), who continues
 * an event's trace finds it with the event. Nothing of it is global, so two services in one process do not mix theirs.
 */
export class Tracing implements FlushTracing {
  private readonly callers = new AsyncLocalStorage<string>();

  constructor(
    private readonly tracer: Tracer,
    private readonly onShutdown: () => Promise<void>,
  ) {}

  /** What runs here continues the trace of `traceparent`; anything that is not one is ignored. */
  within<Result>(traceparent: unknown, run: () => Result): Result {
    return parseTraceparent(traceparent) === undefined ? run() : this.callers.run(traceparent as string, run);
  }

  /** The `traceparent` of whoever asked for what runs here. */
  get caller(): string | undefined {
    return this.callers.getStore();
  }

  /** `parents`: the first is the parent, the others are linked; none: a trace of its own, if the sampler wants it. */
  start(name: string, kind: SpanKind, parents: readonly string[], attributes: Attributes): OpenSpan {
    const span = this.span(name, kind, parents, attributes);
    const context = span.spanContext();
    return {
      traceparent: span.isRecording() ? traceparentOf(context) : undefined,
      end: (more) => span.setAttributes(more ?? {}).end(),
      fail: (error) => {
        const code = error instanceof DistributionError ? error.code : 'internal';
        span.setAttribute('error.type', code).setStatus({ code: SpanStatusCode.ERROR, message: code }).end();
      },
    };
  }

  flushed({ feed, members, deliveries, traceparents, startedMicros, endedMicros }: TracedFlush): void {
    const attributes = {
      'distributary.feed': feed,
      'distributary.subscriptions': members,
      'distributary.deliveries': deliveries,
      'distributary.traced_events': traceparents.length,
    };
    this.span('fan-out flush', SpanKind.CONSUMER, traceparents, attributes, hrTime(startedMicros)).end(
      hrTime(endedMicros),
    );
  }

  /** Exports what waits; bounded by the time-out of an export. */
  async shutdown(): Promise<void> {
    await this.onShutdown();
  }

  private span(
    name: string,
    kind: SpanKind,
    parents: readonly string[],
    attributes: Attributes,
    startTime?: HrTime,
  ): Span {
    const [parent, ...linked] = distinct(parents).flatMap((text) => parseTraceparent(text) ?? []);
    const context: Context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
    const links = linked.map((linkedTo) => ({ context: linkedTo }));
    return this.tracer.startSpan(name, { kind, attributes, links, startTime }, context);
  }
}

const distinct = (texts: readonly string[]): readonly string[] => (texts.length < 2 ? texts : [...new Set(texts)]);

function hrTime(micros: number): HrTime {
  const seconds = Math.floor(micros / 1e6);
  return [seconds, Math.round((micros - seconds * 1e6) * 1000)];
}
