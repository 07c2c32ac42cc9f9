// Usage: npm run fuzz [-- rest|websocket|grpc|schemathesis …] [--cases 10000] [--examples 60] [--seed 1]
import { freePort, startMonitoringService, STREAM_PATH } from '@distributary/bench';
import { parseArgs } from 'node:util';
import type { FuzzReport, FuzzTarget } from './fuzz-target.js';
import { fuzzGrpc } from './grpc-fuzz.js';
import { holdingsOf, leaksSince, megabytes } from './leak-check.js';
import { fuzzRest } from './rest-fuzz.js';
import { runSchemathesis } from './schemathesis.js';
import { fuzzWebSocket } from './web-socket-fuzz.js';

const DOORS = ['schemathesis', 'rest', 'websocket', 'grpc'] as const;
type Door = (typeof DOORS)[number];

/** Beyond what the service's own buffers may hold, which are made small for this. */
const MAX_GROWTH_BYTES = 192 * 1024 * 1024;
/** Answers of a stream of their own kind: code is compiled, pools are filled. */
const WARM_UP = 200;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cases: { type: 'string', default: '10000' },
    examples: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
  },
});
const doors = positionals.length === 0 ? [...DOORS] : (positionals as Door[]);
const [cases, examples, seed] = [values.cases, values.examples, values.seed].map(Number);

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

async function fuzz(door: Door): Promise<boolean> {
  if (door === 'schemathesis') return runSchemathesis(target, examples, seed);
  if (door === 'rest') return tell(await fuzzRest(target, examples, seed), []);
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
  return tell(report, leaks);
}

function tell({ door, cases: count, answers, findings }: FuzzReport, leaks: readonly string[]): boolean {
  console.log(`${door}: ${count} cases, ${findings.length} findings, ${leaks.length} leaks; seed ${seed}`);
  console.log(
    Object.entries(answers)
      .map(([answer, times]) => `  ${answer}: ${times}`)
      .join('\n'),
  );
  for (const finding of [...findings, ...leaks]) console.log(finding);
  return findings.length + leaks.length === 0;
}

let isClean = true;
try {
  for (const door of doors) isClean = (await fuzz(door)) && isClean;
  const log = service.logTail();
  if (log !== '') console.log(`the service said:\n${log}`);
} finally {
  await service.stop();
}
process.exitCode = isClean ? 0 : 1;
