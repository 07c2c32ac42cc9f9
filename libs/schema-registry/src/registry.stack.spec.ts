import { noMetrics } from '@distributary/distribution-core';
import { describeSchemaRegistryContract } from '@distributary/distribution-core/testing';
import { type RunningServer, startSchemaRegistry } from '../../../tools/stack/src/index.js';
import { AvroCodec } from './avro-codec.js';
import { RegistryClient } from './registry-client.js';
import { Schemas } from './schemas.js';
import { systemClock } from './testing/system-clock.js';

let server: RunningServer;
beforeAll(async () => {
  server = await startSchemaRegistry();
}, 120_000);
afterAll(() => server.stop());

const clientOf = (url: string) =>
  new RegistryClient({ url, clock: systemClock, ids: { uuid: () => 'id', random: () => 0.5 }, metrics: noMetrics });

describeSchemaRegistryContract('RegistryClient on Apicurio', () => {
  const registry = clientOf(server.url);
  return Promise.resolve({
    registry,
    requireBackward: async (subject) => {
      const { status } = await fetch(`${server.url}/config/${encodeURIComponent(subject)}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ compatibility: 'BACKWARD' }),
      });
      expect(status).toBe(200);
    },
    // To this client it is gone; the others go on using it.
    goAway: () => registry.close(),
    end: () => registry.close(),
  });
});

describe('Avro by the schemas of Apicurio', () => {
  it('writes by the newest schema of a subject and reads by the id that it wrote', async () => {
    const registry = clientOf(server.url);
    const codec = new AvroCodec({
      schemas: new Schemas({ registry, clock: systemClock, metrics: noMetrics }),
    });
    const fields = [
      { name: 'id', type: 'string' },
      { name: 'amount', type: { type: 'bytes', logicalType: 'decimal', precision: 12, scale: 2 } },
    ];
    await registry.register('orders-value', JSON.stringify({ type: 'record', name: 'Order', fields }));
    const encoder = await codec.encoderOf('orders-value');
    const encoded = encoder?.encode({ id: 'a', amount: '12.50' });
    if (encoded?.kind !== 'encoded') throw new Error('not encoded');
    const unknown = Buffer.from(encoded.bytes);
    unknown.writeUInt32BE(1_999_999_999, 1);
    expect(await codec.decode([encoded.bytes, unknown], 'orders-value')).toEqual([
      { kind: 'decoded', value: { id: 'a', amount: '12.50' } },
      expect.objectContaining({ kind: 'refused', reason: 'schema_unknown' }) as object,
    ]);
    await registry.close();
  });
});
