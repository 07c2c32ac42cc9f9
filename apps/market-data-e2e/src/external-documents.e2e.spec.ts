import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describeExternalDocuments } from './external-documents.js';
import { TestApp } from './harness.js';

/** Another program that writes to a topic of the same log: not ours, so not through our ingest. */
const WRITER = path.resolve(import.meta.dirname, '../../../libs/broker-embedded/src/testing/foreign-writer.mjs');

let folder: string;
let app: TestApp;
let written = 0;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'distributary-market-theirs-'));
  app = await TestApp.start({ EMBEDDED_DIR: folder });
}, 60_000);
afterAll(async () => {
  await app.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

async function write(brokerName: string, texts: readonly string[]): Promise<void> {
  const events = texts.map((text) => `theirs-${written++}=${Buffer.from(text).toString('base64')}`);
  const child = spawn(process.execPath, [WRITER, folder, brokerName, ...events], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  expect(await once(child, 'exit')).toEqual([0, null]);
}

describeExternalDocuments('in the log in files', () => ({ app, write }));

const API = '/api/v1/market-data';

it('are handed on as they are where the topic does not ask for them to be read, which is the default', async () => {
  const topic = { name: 'theirs/plain', data_type: 'TRADE', origin: 'external' };
  expect(await app.post(`${API}/topics`, topic)).toMatchObject({ body: { payload_format: 'none' } });
  const other = { ...topic, name: 'theirs/other', payload_format: 'none' };
  expect(await app.post(`${API}/topics`, other)).toMatchObject({ body: { payload_format: 'none' } });
  expect(await app.get(`${API}/topics/market-data%2Fstatus`)).toMatchObject({ body: { payload_format: 'json' } });
  expect(await app.post(`${API}/topics`, { ...topic, name: 'theirs/avro', payload_format: 'avro' })).toMatchObject({
    status: 400,
    body: {
      errors: [{ path: 'payload_format', rule: 'must be none or json, because no schema registry is configured' }],
    },
  });
});
