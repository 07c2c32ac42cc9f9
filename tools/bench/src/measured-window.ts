import { ChildProgram } from './child-program.js';

import type { Window } from './load-messages.js';
import { monotonicMicros, untilMicros } from './monotonic-clock.js';
import { programPath } from './program-path.js';
import type { PublisherAnswer, PublisherCommand, PublisherResult, PublishPlan } from './publisher-messages.js';
import { figuresOf, type Received, type RunFigures, snapshot } from './run-figures.js';
import { runtimeBetween } from './runtime-figures.js';
import type { ServerProcess } from './server-process.js';

const START_DELAY_MS = 300;
/** A reading takes the service's loop for some milliseconds: they belong to the warm-up, not to the window. */
export const READING_LEAD_MS = 200;
const GRACE_MS = 3_000;
const MARGIN_MS = 60_000;

/** Subscribers that are connected already. */
export interface MeasuredLoad {
  readonly pid: number;
  tell(command: { readonly type: 'measure'; readonly window: Window }): void;
}

export interface MeasuredPlan {
  readonly deliveriesPerSecond: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Of the producer. */
  readonly loadCpu: number | undefined;
  readonly publish: Omit<PublishPlan, 'run' | 'startMicros' | 'seconds' | 'graceMs'>;
}

/**
 *   |-- warm-up --|-------- window --------|-- grace --|
 *               r s                        s r              r: metrics of the service, s: processor time of all
 *
 * Publishes on schedule from the warm-up on, and asks for what was received when all that was published is out.
 */
export async function measureWindow(
  server: ServerProcess,
  load: MeasuredLoad,
  plan: MeasuredPlan,
  finish: (published: PublisherResult) => Promise<Received>,
): Promise<RunFigures> {
  const producer = ChildProgram.start<PublisherCommand, PublisherAnswer>(programPath('publisher'), plan.loadCpu);
  try {
    const seconds = plan.warmUpSeconds + plan.seconds;
    const startMicros = monotonicMicros() + START_DELAY_MS * 1000;
    const fromMicros = startMicros + plan.warmUpSeconds * 1e6;
    const toMicros = fromMicros + plan.seconds * 1e6;
    load.tell({ type: 'measure', window: { fromMicros, toMicros } });
    const run = `r${Math.round(startMicros).toString(36)}-`;
    const publishing = producer.ask(
      { type: 'publish', plan: { ...plan.publish, run, startMicros, seconds, graceMs: GRACE_MS } },
      'published',
      seconds * 1000 + GRACE_MS + MARGIN_MS,
    );
    await untilMicros(fromMicros - READING_LEAD_MS * 1000);
    const runtimeBefore = server.runtime();
    await untilMicros(fromMicros);
    const before = snapshot(server, load, producer);
    await untilMicros(toMicros);
    const after = snapshot(server, load, producer);
    const runtimeAfter = server.runtime();
    const published = await publishing;
    const received = await finish(published);
    const runtime = runtimeBetween(await runtimeBefore, await runtimeAfter);
    return { ...figuresOf(plan, published, received, before, after), runtime };
  } finally {
    await producer.stop();
  }
}
