import type { PerformanceCase } from '../performance/performance-case.js';
import { runtimeRows } from '../performance/runtime-rows.js';
import { runIdle } from './idle-run.js';

const CONNECTIONS = 19_000;
const QUICK_CONNECTIONS = 500;
const QUICK_SECONDS = 2;
/** Longer than it takes until each connection has had a heartbeat. */
const MIN_SECONDS = 30;

export const idleCase: PerformanceCase = {
  name: 'idle',
  title: 'WebSocket subscribers that wait',
  async run({ seconds, quick, pin, profileFolder, note }) {
    const result = await runIdle({
      connections: quick ? QUICK_CONNECTIONS : CONNECTIONS,
      idleSeconds: quick ? QUICK_SECONDS : Math.max(MIN_SECONDS, seconds),
      pin,
      profileFolder,
    });
    note(`${result.connections} connections, ${result.pings} heartbeats`);
    return {
      figures: [
        { name: 'memory a connection', unit: 'KiB', values: [result.idleKiB], goal: { atMost: 8 } },
        { name: 'memory a connection, just connected', unit: 'KiB', values: [result.connectedKiB] },
        { name: 'CPU a handshake', unit: 'ms', values: [result.handshakeCpuMs] },
        { name: 'CPU while idle', unit: 'cores', values: [result.idleCores] },
        { name: 'one event to all', unit: 'ms', values: [result.reachedAllMs] },
        ...runtimeRows([result]),
      ],
      findings: result.findings,
    };
  },
};
