import type { UndeliverableEvent } from '../../delivery/dead-letter.js';
import { DistributionError } from '../../errors/distribution-error.js';
import { noMetrics } from '../../ports/metrics.port.js';
import type { DecodedPayload, PayloadCodec } from '../../ports/payload-codec.port.js';
import { anEvent } from '../../testing/builders.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { InMemoryLog } from '../../testing/in-memory-log.js';
import { type EncodedTopic, ExternalPayloads } from './external-payloads.js';

const TOPIC: EncodedTopic = {
  topic: 'orders/placed',
  tenant: 'acme',
  dataType: 'ORDERS',
  payload: { format: 'avro', subject: 'orders-value' },
};
const DOCUMENTS: EncodedTopic = { ...TOPIC, payload: { format: 'json' } };

/** Reads what begins with a zero byte, as numbers. */
class NumbersCodec implements PayloadCodec {
  isAway = false;
  readonly subjects: (string | undefined)[] = [];

  decode(values: readonly Uint8Array[], subject: string | undefined): Promise<readonly DecodedPayload[]> {
    this.subjects.push(subject);
    if (this.isAway) return Promise.reject(new DistributionError('store.unavailable', 'away'));
    return Promise.resolve(
      values.map((value): DecodedPayload => {
        if (value[0] === 0) return { kind: 'decoded', value: [...value.subarray(1)] };
        const reason = value[0] === 1 ? 'schema_unknown' : 'payload_unreadable';
        return { kind: 'refused', reason, message: 'no' };
      }),
    );
  }

  encoderOf(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}

async function setUp(values: readonly (Buffer | string)[], options: { readonly hasCodec?: boolean } = {}) {
  const clock = new FakeClock();
  const log = new InMemoryLog({ clock });
  await log.createTopic('orders', 1, { ms: 0, bytes: 0 });
  const records = values.map((value, n) => ({ ...anEvent({ eventId: `e${n}` }), value: Buffer.from(value) }));
  await log.append([{ topic: 'orders', partition: 0, records }]);
  const [batch] = await log.read({ topic: 'orders', partition: 0, after: '' }, 1e9);
  const codec = new NumbersCodec();
  const buried: (UndeliverableEvent & { readonly owner: string })[] = [];
  let refusal: 'broker.unavailable' | 'payload.too_large' | undefined;
  const counted: string[] = [];
  const payloads = new ExternalPayloads({
    codec: options.hasCodec === false ? undefined : codec,
    sinkOf: ({ subscriptionId, tenant }) => ({
      bury: (letter) => {
        if (refusal !== undefined) return Promise.reject(new DistributionError(refusal, 'no'));
        buried.push({ ...letter, owner: `${tenant}/${subscriptionId}` });
        return Promise.resolve();
      },
    }),
    eventOf: (record, payload, { dataType }) => ({
      ...record,
      value: Buffer.from(JSON.stringify({ [dataType]: payload })),
    }),
    readDocument: (record, document) => {
      const text = Buffer.from(document).toString();
      return text === '{"n":1}' ? { ...record, eventId: `${record.eventId}!` } : 'event_invalid';
    },
    metrics: {
      ...noMetrics,
      counter: (_name, _help, labels) => ({
        add: () => void counted.push(String(labels?.outcome)),
      }),
    },
    clock,
  });
  const read = async (topic = TOPIC) =>
    (await payloads.recordsOf(topic, batch)).map(({ eventId, value }) => `${eventId} ${Buffer.from(value).toString()}`);
  return { codec, read, buried, batch, counted, refuse: (code: typeof refusal) => (refusal = code) };
}

const base64 = (...bytes: number[]) => JSON.stringify({ data_base64: Buffer.from(bytes).toString('base64') });

describe('the payloads of a topic that others write', () => {
  it('are read in their order, as bytes and as the Base64 that logs make of bytes', async () => {
    const { read, codec, buried } = await setUp([Buffer.of(0, 7), base64(0, 8), base64(0)]);
    expect(await read()).toEqual(['e0 {"ORDERS":[7]}', 'e1 {"ORDERS":[8]}', 'e2 {"ORDERS":[]}']);
    expect(codec.subjects).toEqual(['orders-value']);
    expect(buried).toEqual([]);
  });

  it('are dead letters with their reason and their place if they cannot be read, and the others go on', async () => {
    const { read, buried, batch } = await setUp([
      base64(0, 1),
      base64(1),
      '{"n":1}',
      Buffer.of(9, 9),
      '',
      base64(0, 2),
    ]);
    expect(await read()).toEqual(['e0 {"ORDERS":[1]}', 'e5 {"ORDERS":[2]}']);
    const at = (index: number) => ({ topic: 'orders/placed', partition: 0, position: batch.positions.at(index) });
    expect(buried).toMatchObject([
      { owner: 'acme/router:orders/placed', reason: 'schema_unknown', at: at(1), attempts: 1 },
      { reason: 'payload_unreadable', at: at(2) },
      { reason: 'payload_unreadable', at: at(3) },
      { reason: 'payload_unreadable', at: at(4) },
    ]);
    // Whoever reads the dead letters reads JSON, and the bytes can be had from it again.
    expect(buried.map(({ event }) => Buffer.from(event.value).toString())).toEqual([
      base64(1),
      '{"n":1}',
      base64(9, 9),
      base64(),
    ]);
  });

  it('are handed to the reader of documents as they were written, and are dead letters with its reason if they are none', async () => {
    const { read, buried, codec, counted } = await setUp([
      '{"n":1}',
      '{"n":2}',
      Buffer.from('no JSON'),
      '{"n":1}',
      '{"data":null}',
    ]);
    expect(await read(DOCUMENTS)).toEqual(['e0! {"n":1}', 'e3! {"n":1}', 'e4 {"data":null}']);
    expect(buried).toMatchObject([
      { owner: 'acme/router:orders/placed', event: { eventId: 'e1' }, reason: 'event_invalid' },
      { event: { eventId: 'e2' }, reason: 'event_invalid' },
    ]);
    expect(codec.subjects).toEqual([]);
    expect(counted).toEqual(['decoded', 'event_invalid', 'event_invalid', 'decoded']);
  });

  it('need no registry if they are documents', async () => {
    const { read } = await setUp(['{"n":1}'], { hasCodec: false });
    expect(await read(DOCUMENTS)).toEqual(['e0! {"n":1}']);
  });

  it('stay as they are if there is none', async () => {
    const { read } = await setUp(['{"data":null}']);
    expect(await read()).toEqual(['e0 {"data":null}']);
  });

  it('wait while the registry or the dead letters cannot be had', async () => {
    const { read, codec, refuse, buried } = await setUp([base64(0, 1), base64(1)]);
    codec.isAway = true;
    await expect(read()).rejects.toMatchObject({ code: 'store.unavailable' });
    codec.isAway = false;
    refuse('broker.unavailable');
    await expect(read()).rejects.toMatchObject({ code: 'broker.unavailable' });
    expect(buried).toEqual([]);
  });

  it('go on behind one whose dead letter is refused for good, which is counted', async () => {
    const { read, counted, refuse } = await setUp([base64(1), base64(0, 1)]);
    refuse('payload.too_large');
    expect(await read()).toEqual(['e1 {"ORDERS":[1]}']);
    expect(counted).toEqual(['lost', 'decoded']);
  });

  it('wait where no registry is configured', async () => {
    const { read } = await setUp([base64(0, 1)], { hasCodec: false });
    await expect(read()).rejects.toMatchObject({ code: 'store.unavailable' });
  });
});
