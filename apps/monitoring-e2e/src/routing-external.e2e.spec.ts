import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { until } from '@distributary/distribution-core/testing';
import { subscribed } from './doors/door.js';
import { sseDoor } from './doors/server-sent-events.js';
import { idsOf } from './events.js';
import { TestApp } from './harness.js';

/** Another program that writes to a topic of the same log: not ours, so not through our ingest. */
const WRITER = path.resolve(import.meta.dirname, '../../../libs/broker-embedded/src/testing/appending-child.mjs');
const RULES = '/api/v1/monitoring/routing/rules';

describe('a topic that others write', () => {
  let app: TestApp;
  let log: string;
  beforeAll(async () => {
    log = await mkdtemp(path.join(os.tmpdir(), 'distributary-e2e-log-'));
    app = await TestApp.start({ EMBEDDED_DIR: log });
  }, 60_000);
  afterAll(async () => {
    await app.stop();
    await rm(log, { recursive: true, force: true });
  }, 60_000);

  const write = async (name: string) => {
    const child = spawn(process.execPath, [WRITER, log, name, '2'], { stdio: ['ignore', 'ignore', 'inherit'] });
    expect(await once(child, 'exit')).toEqual([0, null]);
  };
  const written = (name: string) => [1, 2].flatMap((call) => [0, 1, 2, 3, 4].map((n) => `${name}-${call}-${n}`));
  const lanes = async () => {
    const { text } = (await app.get('/metrics')).body as { text: string };
    return Number(/^router_lanes(?:\{[^}]*\})? (\d+)$/m.exec(text)?.[1] ?? /router_lanes\S* (\d+)/.exec(text)?.[1]);
  };

  it('is routed from the first rule on, and again after a restart', async () => {
    const topics = '/api/v1/monitoring/topics';
    const theirs = { name: 'orders/placed', data_type: 'ORDERS', origin: 'external', broker_name: 'orders' };
    expect((await app.post(topics, theirs)).status).toBe(201);
    expect((await app.post(topics, { name: 'routed/orders', data_type: 'ORDERS' })).status).toBe(201);
    await write('early');
    const rule = { name: 'orders', source_pattern: 'orders/#', target_topic: 'routed/${topic[0]}' };
    expect((await app.post(RULES, rule)).status).toBe(201);
    await until('the router has the lane', async () => (await lanes()) === 1);
    const reader = await subscribed(sseDoor, app, { patterns: ['routed/orders'] });
    // Until the router stands, what comes is the past.
    let rounds = 0;
    await until('routed', async () => {
      await write(`try${rounds++}`);
      return reader.record.received().length > 0;
    });
    await write('late');
    await until('all of it', () => idsOf(reader.record.received()).includes('late-2-4'));
    const ids = idsOf(reader.record.received());
    expect(ids.filter((id) => id.startsWith('late')).sort()).toEqual(written('late'));
    expect(ids.some((id) => id.startsWith('early'))).toBe(false);
    await reader.close();

    await app.drain();
    await write('meanwhile');
    await app.restart();
    const next = await subscribed(sseDoor, app, { patterns: ['routed/orders'], start: 'earliest' });
    await until('what came meanwhile', () => idsOf(next.record.received()).includes('meanwhile-2-4'));
    const all = idsOf(next.record.received());
    expect(all.filter((id) => id.startsWith('meanwhile')).sort()).toEqual(written('meanwhile'));
    expect(new Set(all).size).toBe(all.length);
    await next.close();
  }, 60_000);
});
