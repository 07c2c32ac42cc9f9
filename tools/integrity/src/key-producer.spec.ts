import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { KeyProducer } from './key-producer.js';
import { LossLedger } from './loss-ledger.js';
import { areDue } from './running-loop.js';
import { MONITORING } from './stage/tested-service.js';
import { untilTrue } from './waiting.js';

/** Answers whatever is posted in the same way. */
async function door(status: number, body: string) {
  const server = http.createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(status).end(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

function producerAt(port: number) {
  const ledger = new LossLedger();
  const options = { ports: [port], service: MONITORING, topic: MONITORING.topic, keys: ['k'], run: 'r' };
  return { ledger, producer: new KeyProducer({ ...options, batchSize: 1, eventsPerSecond: 1_000 }, ledger) };
}

describe('a producer of the loss ledger', () => {
  it('that is refused fails whoever waits for its events or its end, and nobody else', async () => {
    const { port, close } = await door(400, 'no such field');
    const { ledger, producer } = producerAt(port);
    producer.start();
    await expect(untilTrue('events', () => areDue(1, ledger, [producer]), 20_000)).rejects.toThrow('400 no such field');
    await expect(producer.finish()).rejects.toThrow('400 no such field');
    close();
  });

  it('that is never served does not finish for ever', async () => {
    const { port, close } = await door(503, 'busy');
    const { ledger, producer } = producerAt(port);
    producer.start();
    await untilTrue('an attempt', () => producer.retries > 0, 20_000);
    await expect(producer.finish(100)).rejects.toThrow('waited 100 ms in vain for a producer to finish');
    expect(areDue(1, ledger, [producer])).toBe(false);
    close();
  });
});
