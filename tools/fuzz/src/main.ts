import {
  answered,
  freePort,
  numberOf,
  optionsAndNamesOf,
  startMonitoringService,
  STREAM_PATH,
  UsageError,
} from '@distributary/bench';
import type { FuzzReport, FuzzTarget } from './fuzz-target.js';
import { fuzzGrpc } from './grpc-fuzz.js';
import { holdingsOf, leaksSince, megabytes } from './leak-check.js';
import { fuzzRest } from './rest-fuzz.js';
import { runSchemathesis } from './schemathesis.js';
import { fuzzWebSocket } from './web-socket-fuzz.js';

const USAGE = `npm run fuzz -- [rest|websocket|grpc|schemathesis …] [options]

  --cases N      messages to each stream (10000)
  --examples N   of each operation of REST (60)
  --seed N       the same input as in an earlier run (1)`;

const DOORS = ['schemathesis', 'rest', 'websocket', 'grpc'] as const;
type Door = (typeof DOORS)[number];

/** Beyond what the service's own buffers may hold, which are made small for this. */
const MAX_GROWTH_BYTES = 192 * 1024 * 1024;
/** Answers of a stream of their own kind: code is compiled, pools are filled. */
const WARM_UP = 200;

interface Amount {
  readonly cases: number;
  readonly examples: number;
  readonly seed: number;
}

/** 0 if nothing was found. */
async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = optionsAndNamesOf(args, {
    cases: { type: 'string', default: '10000' },
    examples: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
  });
  const amount: Amount = {
    cases: numberOf('cases', values.cases),
    examples: numberOf('examples', values.examples),
    seed: numberOf('seed', values.seed, { atLeast: 0 }),
  };
  const unknown = positionals.find((name) => !DOORS.includes(name as Door));
  if (unknown !== undefined) throw new UsageError(`no door ${unknown}`);
  const doors = positionals.length === 0 ? DOORS : (positionals as Door[]);
  const grpcPort = await freePort();
  const service = await startMonitoringService({
    env: {
      GRPC_PORT: String(grpcPort),
      EMBEDDED_SYNC: 'commit',
      SEGMENT_MEMORY_BYTES: String(16 * 1024 * 1024),
      RATE_LIMIT_PER_KEY: '1000000',
      RATE_LIMIT_PER_KEY_BURST: '1000000',
      RATE_LIMIT_PER_ADDRESS: '1000000',
      RATE_LIMIT_PER_ADDRESS_BURST: '1000000',
      LOG_LEVEL: 'error',
    },
  });
  const target: FuzzTarget = {
    httpUrl: service.origin,
    grpcAddress: `127.0.0.1:${grpcPort}`,
    streamPath: STREAM_PATH,
  };
  let isClean = true;
  try {
    for (const door of doors) isClean = (await fuzz(door, target, amount)) && isClean;
    const log = service.logTail();
    if (log !== '') console.log(`the service said:\n${log}`);
  } finally {
    await service.stop();
  }
  return isClean ? 0 : 1;
}

async function fuzz(door: Door, target: FuzzTarget, { cases, examples, seed }: Amount): Promise<boolean> {
  if (door === 'schemathesis') return runSchemathesis(target, examples, seed);
  if (door === 'rest') return tell(await fuzzRest(target, examples, seed), [], seed);
  const run = door === 'websocket' ? fuzzWebSocket : fuzzGrpc;
  await run(target, WARM_UP, seed + 1);
  const before = await holdingsOf(target.httpUrl);
  const report = await run(target, cases, seed);
  const leaks = await leaksSince(before, target.httpUrl, MAX_GROWTH_BYTES);
  const after = await holdingsOf(target.httpUrl);
  console.log(
    `${report.door}: memory ${megabytes(before.residentBytes)} → ${megabytes(after.residentBytes)} MB, sessions ` +
      `${before.sessions} → ${after.sessions}, open files ${before.openFiles} → ${after.openFiles}`,
  );
  return tell(report, leaks, seed);
}

function tell({ door, cases: count, answers, findings }: FuzzReport, leaks: readonly string[], seed: number): boolean {
  console.log(`${door}: ${count} cases, ${findings.length} findings, ${leaks.length} leaks; seed ${seed}`);
  console.log(
    Object.entries(answers)
      .map(([answer, times]) => `  ${answer}: ${times}`)
      .join('\n'),
  );
  for (const finding of [...findings, ...leaks]) console.log(finding);
  return findings.length + leaks.length === 0;
}

process.exitCode = await answered(USAGE, process.argv.slice(2), run);
