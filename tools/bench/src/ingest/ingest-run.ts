import { ChildProgram } from '../child-program.js';
import { programPath } from '../program-path.js';
import { INGEST_PATH } from '../monitoring-service.js';
import { READING_LEAD_MS } from '../measured-window.js';
import { monotonicMicros, untilMicros } from '../monotonic-clock.js';
import { usageOf } from '../process-tree.js';
import { runtimeBetween, type RuntimeFigures } from '../runtime-figures.js';
import type { ServerProcess } from '../server-process.js';
import { quantile } from '../statistics.js';
import type { Framing } from './post-template.js';
import type { PostingAnswer, PostingCommand, PostingResult } from './posting-messages.js';

export interface IngestPlan {
  readonly framing: Framing;
  readonly eventsPerPost: number;
  readonly connections: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly loadCpu: number | undefined;
}

export interface IngestFigures {
  readonly eventsPerSecond: number;
  readonly eventsPerCpuSecond: number;
  /** Of the answer to a post. */
  readonly p99Ms: number;
  readonly loadCores: number;
  readonly runtime: RuntimeFigures | undefined;
  readonly findings: readonly string[];
}

/** One lane has them all; nobody else writes to it while the probes of the service are quiet. */
const TOPIC = 'monitoring/metrics';
/** What was accepted must be counted within this; the counts of a topic may be some seconds old. */
const COUNT_DEADLINE_MS = 10_000;
const COUNT_PAUSE_MS = 250;
/** Counts are up to two seconds old. */
const SETTLED_PAUSES = 16;

/** As many events as one core takes: a closed loop against one server, then a look into its log. */
export async function runIngest(server: ServerProcess, plan: IngestPlan): Promise<IngestFigures> {
  const load = ChildProgram.start<PostingCommand, PostingAnswer>(programPath('ingest/posting-program'), plan.loadCpu);
  try {
    const before = await settledEvents(server);
    const startMicros = monotonicMicros();
    const fromMicros = startMicros + plan.warmUpSeconds * 1e6;
    const toMicros = fromMicros + plan.seconds * 1e6;
    const { framing, eventsPerPost, connections } = plan;
    const run = `r${Math.round(startMicros).toString(36)}-`;
    const posting = load.ask(
      {
        type: 'post',
        plan: {
          port: server.port,
          path: INGEST_PATH,
          topic: TOPIC,
          run,
          framing,
          eventsPerPost,
          connections,
          fromMicros,
          toMicros,
        },
      },
      'posted',
      (plan.warmUpSeconds + plan.seconds) * 1000 + 60_000,
    );
    await untilMicros(fromMicros - READING_LEAD_MS * 1000);
    const runtimeBefore = server.runtime();
    await untilMicros(fromMicros);
    const [serverBefore, loadBefore] = [server.usage().cpuSeconds, usageOf([load.pid]).cpuSeconds];
    await untilMicros(toMicros);
    const serverCpuSeconds = server.usage().cpuSeconds - serverBefore;
    const loadCpuSeconds = usageOf([load.pid]).cpuSeconds - loadBefore;
    const runtimeAfter = server.runtime();
    const posted = await posting;
    return {
      eventsPerSecond: posted.acceptedInWindow / plan.seconds,
      eventsPerCpuSecond: posted.acceptedInWindow / Math.max(0.01, serverCpuSeconds),
      p99Ms: quantile(posted.latencies, 0.99),
      loadCores: loadCpuSeconds / plan.seconds,
      runtime: runtimeBetween(await runtimeBefore, await runtimeAfter),
      findings: [...findingsOf(posted), ...(await missingOrDouble(server, before + posted.accepted))],
    };
  } finally {
    await load.stop();
  }
}

function findingsOf({ refusals, duplicates, unanswered, errors }: PostingResult): string[] {
  return [
    ...(refusals > 0 ? [`${refusals} posts were refused`] : []),
    ...(duplicates > 0 ? [`${duplicates} events were taken for copies`] : []),
    ...(unanswered > 0 ? [`${unanswered} events were not answered`] : []),
    ...errors,
  ];
}

/** No event was sent twice, so the log has each once if it has as many as were accepted. */
async function missingOrDouble(server: ServerProcess, expected: number): Promise<string[]> {
  const deadline = performance.now() + COUNT_DEADLINE_MS;
  let stored = await storedEvents(server);
  while (stored !== expected && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, COUNT_PAUSE_MS));
    stored = await storedEvents(server);
  }
  return stored === expected ? [] : [`the log has ${stored} events, ${expected} were accepted`];
}

/** When the service has said what it says of itself at its start. */
async function settledEvents(server: ServerProcess): Promise<number> {
  const deadline = performance.now() + COUNT_DEADLINE_MS;
  let stored = await storedEvents(server);
  for (let same = 0; same < SETTLED_PAUSES && performance.now() < deadline; same++) {
    await new Promise((resolve) => setTimeout(resolve, COUNT_PAUSE_MS));
    const now = await storedEvents(server);
    if (now !== stored) same = 0;
    stored = now;
  }
  return stored;
}

async function storedEvents(server: ServerProcess): Promise<number> {
  const path = `/api/v1/monitoring/topics/${encodeURIComponent(TOPIC)}/stats`;
  const response = await fetch(`${server.origin}${path}`);
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return ((await response.json()) as { readonly events: number }).events;
}
