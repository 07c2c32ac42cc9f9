// Usage: node tools/testing/smoke.mjs
// Does what the README tells a newcomer to do: `npm start`, look at the health, watch the streams, press Ctrl-C.
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import WebSocket from 'ws';
import { ProcessGroup } from './process-group.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const ORIGIN = 'http://127.0.0.1:7101';
const MARKET_ORIGIN = 'http://127.0.0.1:7102';
const READY_DEADLINE_MS = 120_000;
const EVENTS_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 30_000;
/** Less than .ci/run waits before it uses force. */
const INTERRUPTED_STOP_DEADLINE_MS = 12_000;
const EVENTS_WANTED = 5;

/** The key that `npm start` keeps for its owner. */
const keyFile = path.join(process.env.DATA_DIR ?? path.join(root, '.data'), 'development.key');
const authorization = () => ({ authorization: `Bearer ${readFileSync(keyFile, 'utf8').trim()}` });

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function waitUntilReady(service, origin) {
  const begin = performance.now();
  for (;;) {
    const response = await fetch(`${origin}/health/ready`).catch(() => undefined);
    if (response?.status === 200) return Math.round(performance.now() - begin);
    if (service.hasEnded) throw new Error('npm start ended before it was ready');
    if (performance.now() - begin > READY_DEADLINE_MS) {
      throw new Error(`not ready within ${READY_DEADLINE_MS} ms, last answer ${response?.status ?? 'none'}`);
    }
    await pause(200);
  }
}

function problemOf(event, dataType) {
  if (typeof event.event_id !== 'string') return 'event_id is missing';
  if (Number.isNaN(Date.parse(event.timestamp))) return 'timestamp is not a date';
  if (typeof event.distribution?.topic !== 'string') return 'distribution.topic is missing';
  if (typeof event.data !== 'object' || event.data === null) return 'data is missing';
  if (event.data_type !== dataType) return `data_type is ${event.data_type}, asked for ${dataType}`;
  return undefined;
}

function watch(stream, dataType) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${stream.replace('http', 'ws')}?data_types=${dataType}`, {
      headers: authorization(),
    });
    const events = [];
    const finish = (error) => {
      clearTimeout(timer);
      socket.terminate();
      if (error) reject(error);
      else resolve(events);
    };
    const timer = setTimeout(
      () => finish(new Error(`${events.length} events within ${EVENTS_DEADLINE_MS} ms, wanted ${EVENTS_WANTED}`)),
      EVENTS_DEADLINE_MS,
    );
    socket.on('error', finish);
    socket.on('close', (code) => finish(new Error(`the stream closed with ${code}`)));
    socket.on('message', (data) => {
      const message = JSON.parse(data.toString());
      if (message.type === 'error') return finish(new Error(`the stream answered ${data}`));
      if (message.type !== 'data') return;
      for (const event of message.payload.events) {
        const problem = problemOf(event, dataType);
        if (problem !== undefined) return finish(new Error(`${problem}: ${JSON.stringify(event)}`));
        events.push(event);
      }
      if (events.length >= EVENTS_WANTED) finish();
    });
  });
}

async function expectJson(url) {
  const response = await fetch(url, { headers: authorization() });
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
  await response.json();
}

const service = new ProcessGroup('npm', ['start'], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
let isInterrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  // `timeout` sends its signal twice.
  process.on(signal, () => {
    if (isInterrupted) return;
    isInterrupted = true;
    void service.stop(INTERRUPTED_STOP_DEADLINE_MS).then(() => process.exit(1));
  });
}
try {
  console.log(`monitoring is ready after ${await waitUntilReady(service, ORIGIN)} ms`);
  console.log(`market data is ready ${await waitUntilReady(service, MARKET_ORIGIN)} ms later`);
  const { status } = await fetch(`${ORIGIN}/api/v1/monitoring/alerts/active`);
  if (status !== 401) throw new Error(`without a key it answered ${status}`);
  if ((statSync(keyFile).mode & 0o077) !== 0) throw new Error('others may read the key');
  for (const [stream, dataType] of [
    [`${ORIGIN}/api/v1/monitoring/stream`, 'METRICS'],
    [`${MARKET_ORIGIN}/api/v1/market-data/stream`, 'TRADE'],
  ]) {
    const events = await watch(stream, dataType);
    console.log(`${events.length} events over the WebSocket, the first: ${JSON.stringify(events[0])}`);
  }
  await expectJson(`${ORIGIN}/health/live`);
  await expectJson(`${ORIGIN}/api/v1/monitoring/health/summary`);
  await expectJson(`${ORIGIN}/api/v1/monitoring/alerts/active`);
  await expectJson(`${MARKET_ORIGIN}/api/v1/market-data/AAPL/latest`);
  await expectJson(`${MARKET_ORIGIN}/api/v1/market-data/AAPL/history?interval=1m`);

  const begin = performance.now();
  service.signal('SIGINT');
  const outcome = await Promise.race([service.ended, pause(STOP_DEADLINE_MS)]);
  if (outcome === undefined) throw new Error(`still running ${STOP_DEADLINE_MS} ms after Ctrl-C`);
  if (outcome.code !== 0 && outcome.code !== 130 && outcome.signal !== 'SIGINT') {
    throw new Error(`ended with ${outcome.code ?? outcome.signal} after Ctrl-C`);
  }
  console.log(`stopped ${Math.round(performance.now() - begin)} ms after Ctrl-C`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await service.stop(STOP_DEADLINE_MS);
}
process.exit();
