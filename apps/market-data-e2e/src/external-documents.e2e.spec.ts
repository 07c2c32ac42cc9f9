import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describeExternalDocuments } from './external-documents.js';
import { writeForeign } from './foreign-writer.js';
import { TestApp } from './harness.js';

let folder: string;
let app: TestApp;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'distributary-market-theirs-'));
  app = await TestApp.start({ EMBEDDED_DIR: folder });
}, 60_000);
afterAll(async () => {
  await app.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

describeExternalDocuments('in the log in files', () => ({
  app,
  write: (brokerName, texts) => writeForeign(folder, brokerName, texts),
}));

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
