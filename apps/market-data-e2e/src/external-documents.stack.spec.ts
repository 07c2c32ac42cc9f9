import path from 'node:path';
import { PulsarFromOutside } from '@distributary/broker-pulsar/testing';
import { type RunningServer, startPulsar } from '../../../tools/stack/src/index.js';
import { describeExternalDocuments } from './external-documents.js';
import { TestApp } from './harness.js';

const NAMESPACE = path.basename(import.meta.filename, '.stack.spec.ts');

let pulsar: RunningServer;
let app: TestApp;
beforeAll(async () => {
  pulsar = await startPulsar();
  app = await TestApp.start({ PULSAR_URL: pulsar.url, PULSAR_NAMESPACE: NAMESPACE });
}, 240_000);
afterAll(async () => {
  await app.stop();
  await pulsar.stop();
}, 120_000);

describeExternalDocuments('in Pulsar', () => ({
  app,
  write: (brokerName, texts) =>
    new PulsarFromOutside(pulsar.url, `public/${NAMESPACE}`).send(
      brokerName,
      0,
      ...texts.map((payload) => ({ payload })),
    ),
}));
