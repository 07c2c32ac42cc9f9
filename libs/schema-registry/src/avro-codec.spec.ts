import { DistributionError, noMetrics } from '@distributary/distribution-core';
import { FakeClock } from '@distributary/distribution-core/testing';
import { AvroCodec } from './avro-codec.js';
import { Schemas, type SchemasLimits } from './schemas.js';
import { InMemorySchemaRegistry } from './testing/in-memory-schema-registry.js';
import { wireFormat } from './wire-format.js';

const ORDER = JSON.stringify({ type: 'record', name: 'Order', fields: [{ name: 'n', type: 'int' }] });

function setUp(limits: Partial<SchemasLimits> = {}) {
  const registry = new InMemorySchemaRegistry();
  const clock = new FakeClock();
  let turns = 0;
  const codec = new AvroCodec({
    schemas: new Schemas({ registry, clock, metrics: noMetrics, limits }),
    breathe: () => Promise.resolve(void turns++),
  });
  return { registry, clock, codec, turns: () => turns };
}
const order = (id: number, n: number) => wireFormat(id, Uint8Array.of(2 * n));

describe('decoding payloads', () => {
  it('gives each value its outcome, in their order', async () => {
    const { registry, codec } = setUp();
    const id = await registry.register('orders', ORDER);
    const protobuf = registry.put('other', { language: 'protobuf', text: 'message M {}', hasReferences: false });
    const hostile = registry.put('other', { language: 'avro', text: '{"type":"record"}', hasReferences: false });
    const linked = registry.put('other', { language: 'avro', text: '"Other"', hasReferences: true });
    const body = Uint8Array.of(2);
    const values = [
      order(id, 1),
      order(99, 1),
      Buffer.from('{"n":1}'),
      wireFormat(id, new Uint8Array(0)),
      order(id, 2),
    ];
    const outcomes = await codec.decode(
      [...values, wireFormat(protobuf, body), wireFormat(hostile, body), wireFormat(linked, body)],
      undefined,
    );
    expect(outcomes).toEqual([
      { kind: 'decoded', value: { n: 1 } },
      { kind: 'refused', reason: 'schema_unknown', message: 'there is no schema 99 of the topic' },
      {
        kind: 'refused',
        reason: 'payload_unreadable',
        message: "begins with the byte 123, not with 0 and a schema's id",
      },
      { kind: 'refused', reason: 'payload_unreadable', message: `by the schema ${id}, n ends too early` },
      { kind: 'decoded', value: { n: 2 } },
      { kind: 'refused', reason: 'payload_unreadable', message: `the schema ${protobuf} is protobuf, not avro` },
      {
        kind: 'refused',
        reason: 'payload_unreadable',
        message: `the schema ${hostile} cannot be used: .name must be a name`,
      },
      {
        kind: 'refused',
        reason: 'payload_unreadable',
        message: `the schema ${linked} names types of other schemas`,
      },
    ]);
  });

  it('asks once for each schema, however many values there are and whoever asks', async () => {
    const { registry, codec } = setUp();
    const id = await registry.register('orders', ORDER);
    registry.calls.length = 0;
    const values = Array.from({ length: 50 }, (_, n) => order(id, n % 60));
    await Promise.all([codec.decode(values, 'orders'), codec.decode(values, 'orders')]);
    await codec.decode(values, 'orders');
    expect(registry.calls).toEqual([`byId ${id}`, `isOf ${id} orders`]);
  });

  it('takes a schema of another subject for unknown, until it is one of the subject', async () => {
    const { registry, codec, clock } = setUp({ unknownTermMs: 1_000 });
    const id = await registry.register('others', ORDER);
    const outcome = async () => (await codec.decode([order(id, 1)], 'orders'))[0];
    expect(await outcome()).toMatchObject({ reason: 'schema_unknown' });
    await registry.register('orders', ORDER);
    expect(await outcome()).toMatchObject({ reason: 'schema_unknown' });
    clock.advance(1_001);
    expect(await outcome()).toMatchObject({ kind: 'decoded' });
  });

  it('asks again for an id that was unknown, but not before its term', async () => {
    const { registry, codec, clock } = setUp({ unknownTermMs: 1_000 });
    const outcome = async () => (await codec.decode([order(1, 1)], undefined))[0].kind;
    expect([await outcome(), await outcome()]).toEqual(['refused', 'refused']);
    expect(registry.calls).toEqual(['byId 1']);
    await registry.register('orders', ORDER);
    clock.advance(1_001);
    expect(await outcome()).toBe('decoded');
  });

  it('fails as a whole while a schema cannot be had, and is right afterwards', async () => {
    const { registry, codec } = setUp();
    const id = await registry.register('orders', ORDER);
    registry.isAway = true;
    await expect(codec.decode([order(id, 1)], undefined)).rejects.toMatchObject({ code: 'store.unavailable' });
    registry.isAway = false;
    expect(await codec.decode([order(id, 1)], undefined)).toEqual([{ kind: 'decoded', value: { n: 1 } }]);
    registry.isAway = true;
    expect(await codec.decode([order(id, 2)], undefined)).toEqual([{ kind: 'decoded', value: { n: 2 } }]);
  });

  it('remembers no more schemas than it may', async () => {
    const { registry, codec } = setUp({ maxSchemas: 2 });
    const of = (name: string) => registry.register(name, ORDER.replace('Order', name));
    const ids = [await of('A'), await of('B'), await of('C')];
    registry.calls.length = 0;
    for (const id of [...ids, ids[2], ids[0]]) await codec.decode([order(id, 1)], undefined);
    expect(registry.calls).toEqual([...ids, ids[0]].map((id) => `byId ${id}`));
  });

  it('lets others have their turn between many values', async () => {
    const { registry, codec, turns } = setUp();
    const id = await registry.register('lists', '{"type":"array","items":"int"}');
    const list = wireFormat(id, Uint8Array.of(...[0xd0, 0x0f], ...Array<number>(1_000).fill(2), 0));
    const outcomes = await codec.decode(Array<Uint8Array>(100).fill(list), undefined);
    expect(outcomes.every(({ kind }) => kind === 'decoded')).toBe(true);
    expect(turns()).toBe(5);
  });
});

describe('encoding payloads', () => {
  it('writes by the newest schema, and follows a newer one after a while', async () => {
    const { registry, codec, clock } = setUp({ latestTermMs: 1_000 });
    const first = await registry.register('orders', ORDER);
    const encoded = async () => {
      const outcome = (await codec.encoderOf('orders'))?.encode({ n: 3, surplus: true });
      return outcome?.kind === 'encoded' ? Buffer.from(outcome.bytes) : undefined;
    };
    expect(await encoded()).toEqual(order(first, 3));
    const text =
      '{"type":"record","name":"Order","fields":[{"name":"n","type":"int"},{"name":"m","type":"int","default":1}]}';
    const second = await registry.register('orders', text);
    expect(await encoded()).toEqual(order(first, 3));
    clock.advance(1_001);
    expect(await encoded()).toEqual(wireFormat(second, Uint8Array.of(6, 2)));
  });

  it('says what does not suit the schema', async () => {
    const { registry, codec } = setUp();
    await registry.register('orders', ORDER);
    const encoder = await codec.encoderOf('orders');
    expect(encoder?.encode({ n: 'three' })).toEqual({
      kind: 'refused',
      reason: 'mismatch',
      message: 'n must be a whole number of 32 bits',
      steps: 2,
    });
  });

  it('has none where there is no subject, and refuses one whose schema cannot be used', async () => {
    const { registry, codec } = setUp();
    expect(await codec.encoderOf('nobody')).toBeUndefined();
    registry.put('json', { language: 'json', text: '{}', hasReferences: false });
    const refused: unknown = await codec.encoderOf('json').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(DistributionError);
    expect(refused).toMatchObject({
      code: 'schema.rejected',
      problems: [{ path: 'subject', rule: 'the schema 1 is json, not avro' }],
    });
  });
});
