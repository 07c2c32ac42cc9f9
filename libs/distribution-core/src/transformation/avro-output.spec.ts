import { DistributionError } from '../errors/distribution-error.js';
import { noMetrics } from '../ports/metrics.port.js';
import type { EncodedPayload, PayloadCodec, PayloadEncoder } from '../ports/payload-codec.port.js';
import { anEvent } from '../testing/builders.js';
import { FakeClock } from '../testing/fake-clock.js';
import { InMemoryLog } from '../testing/in-memory-log.js';
import { InMemoryLookupTables, InMemoryTransformationStore } from '../testing/in-memory-transformation-store.js';
import { lineEncoder } from '../testing/recording-outlet.js';
import type { TransformationDefinition } from './definition.js';
import type { Json } from './json-value.js';
import { LookupTables } from './lookup-tables.js';
import { RuleTransformations } from './rule-transformations.js';
import { Transformations } from './transformations.js';
import { aRule } from '../testing/a-rule.js';

/** Writes the field `n`, a byte, behind the schema's id. */
class ByteCodec implements PayloadCodec {
  schemaId = 1;

  decode(): Promise<readonly never[]> {
    return Promise.resolve([]);
  }

  encoderOf(subject: string): Promise<PayloadEncoder | undefined> {
    if (subject === 'away') return Promise.reject(new DistributionError('store.unavailable', 'away'));
    if (subject === 'json') return Promise.reject(new DistributionError('schema.rejected', 'the schema 7 is json'));
    const { schemaId } = this;
    return Promise.resolve(subject === 'bytes' ? { schemaId, encode: (value) => encoded(schemaId, value) } : undefined);
  }
}

function encoded(schemaId: number, value: Json): EncodedPayload {
  const { n } = value as { readonly n?: unknown };
  if (typeof n === 'number') return { kind: 'encoded', bytes: Uint8Array.of(0, schemaId, n), steps: 1 };
  if (n === 'dear') return { kind: 'refused', reason: 'budget', message: 'too dear', steps: 50_000 };
  return { kind: 'refused', reason: 'mismatch', message: 'n must be a number', steps: 1 };
}

const AVRO: TransformationDefinition = { steps: [], format: 'avro', subject: 'bytes' };

function world(codec: ByteCodec | undefined = new ByteCodec()) {
  const clock = new FakeClock();
  const lookups = new LookupTables(new InMemoryLookupTables(), clock, noMetrics);
  const store = new InMemoryTransformationStore();
  const transformations = new Transformations({ store, lookups, keys: new Map(), codec, clock, metrics: noMetrics });
  return { clock, codec, transformations };
}
const binary = { ...lineEncoder, name: 'bytes', carriesBytes: true };
const problemsOf = async (call: Promise<unknown> | (() => unknown)): Promise<unknown> => {
  try {
    await (typeof call === 'function' ? call() : call);
  } catch (error) {
    const { code, problems } = error as DistributionError;
    return [code, ...problems.map(({ path, rule }) => `${path} ${rule}`)];
  }
  return 'taken';
};

describe('Avro as the format of a transformation', () => {
  it('writes what the steps left by the newest schema of the subject', async () => {
    const { transformations } = world();
    const steps = [{ map: { n: { cel: 'data.n * 2' } } }];
    const compiled = await transformations.compile('default', { ...AVRO, steps });
    expect(compiled.apply(Buffer.from('{"data":{"n":4}}'))).toMatchObject({
      kind: 'event',
      value: Uint8Array.of(0, 1, 8),
    });
  });

  it('fails on an event that does not suit the schema, or costs too much, and counts what it cost', async () => {
    const { transformations } = world();
    const compiled = await transformations.compile('default', { ...AVRO, on_error: 'dead_letter' });
    expect(compiled.apply(Buffer.from('{"n":"x"}'))).toEqual({
      kind: 'dead_letter',
      failure: { reason: 'schema', message: 'n must be a number', problems: [] },
      steps: 1,
    });
    expect(compiled.apply(Buffer.from('{"n":"dear"}'))).toMatchObject({ failure: { reason: 'budget' }, steps: 50_000 });
  });

  it('is shared until the subject has another schema', async () => {
    const { transformations, codec } = world();
    const output = () => transformations.outputOf('default', { transformation: AVRO });
    const first = await output();
    expect(await output()).toBe(first);
    codec.schemaId = 2;
    const second = await output();
    expect(second).not.toBe(first);
    expect(second?.encoder(binary).name).not.toBe(first?.encoder(binary).name);
  });

  it('goes out where bytes are carried, and is refused where they are not', async () => {
    const { transformations } = world();
    const output = await transformations.outputOf('default', { transformation: AVRO });
    const rule =
      'transformation.format must not be avro here: only Exchange over gRPC and WebSocket with distributary.v1.bin carry bytes';
    expect(await problemsOf(() => output?.encoder(lineEncoder))).toEqual(['request.invalid', rule]);
    expect(await problemsOf(() => output?.value(Buffer.from('{"n":1}')))).toEqual(['request.invalid', rule]);
    expect(output?.encoder(binary).carriesBytes).toBe(true);
  });

  it('leaves an empty place where an event that is acknowledged by itself does not go out', async () => {
    const { transformations, clock } = world();
    const output = await transformations.outputOf('default', { transformation: AVRO });
    const log = new InMemoryLog({ clock });
    await log.createTopic('t', 1, { ms: 0, bytes: 0 });
    await log.append([
      { topic: 't', partition: 0, records: [anEvent({ value: { n: 5 } }), anEvent({ eventId: 'e2' })] },
    ]);
    const [batch] = await log.read({ topic: 't', partition: 0, after: '' }, 1e9);
    const values: Buffer[] = [];
    const encoder = output?.encoder({
      ...binary,
      data: ({ runs }) => {
        for (const run of runs) {
          for (let index = run.from; index < run.to; index++) values.push(Buffer.from(run.batch.valueAt(index)));
        }
        return Buffer.alloc(0);
      },
    });
    const positions = [batch.positions.at(0), batch.positions.at(1)];
    encoder?.data({
      feed: 1,
      lane: batch.lane,
      prev: '',
      pos: '',
      runs: [{ batch, from: 0, to: 2 }],
      eventCount: 2,
      timeMicros: 0,
      positions: () => [],
      single: { positions, attempt: 1 },
    });
    expect(values).toEqual([Buffer.of(0, 1, 5), Buffer.alloc(0)]);
  });

  it.each<[string, unknown, string]>([
    [
      'without a subject',
      { steps: [], format: 'avro' },
      'transformation.subject must be a text of 1 to 255 characters',
    ],
    [
      'with a subject that is not there',
      { ...AVRO, subject: 'nobody' },
      'transformation.subject is no subject here whose schema events could be written by',
    ],
    ['with a subject of another language', { ...AVRO, subject: 'json' }, 'transformation.subject the schema 7 is json'],
    [
      'that lets events pass as they were',
      { ...AVRO, on_error: 'pass' },
      'transformation.on_error must not be pass: what is no Avro must not be among Avro',
    ],
    [
      'whose subject belongs to no Avro',
      { steps: [{ drop: ['a'] }], subject: 'bytes' },
      'transformation.subject must not be given but with the format avro',
    ],
  ])('is refused %s', async (_name, definition, problem) => {
    const { transformations } = world();
    const transformation = definition as TransformationDefinition;
    expect(await problemsOf(transformations.outputOf('default', { transformation }))).toEqual([
      'request.invalid',
      problem,
    ]);
  });

  it('waits for nobody: a registry that is away is said to be away, and none is no subject', async () => {
    const away = { ...AVRO, subject: 'away' };
    expect(await problemsOf(world().transformations.outputOf('default', { transformation: away }))).toEqual([
      'store.unavailable',
    ]);
    const clock = new FakeClock();
    const lookups = new LookupTables(new InMemoryLookupTables(), clock, noMetrics);
    const none = { store: new InMemoryTransformationStore(), lookups, keys: new Map(), clock, metrics: noMetrics };
    expect(await problemsOf(new Transformations(none).outputOf('default', { transformation: AVRO }))).toEqual([
      'request.invalid',
      'transformation.subject is no subject here whose schema events could be written by',
    ]);
  });

  it('is not for rules, whose copies stay JSON', async () => {
    const { transformations, clock } = world();
    const rules = new RuleTransformations({ transformations, clock, metrics: noMetrics, onError: () => undefined });
    const rule = aRule({ transformation: { ...AVRO } });
    expect(await problemsOf(rules.prepare([rule], true))).toEqual([
      'request.invalid',
      'transformation.format must not be avro: what a rule sends on stays JSON',
    ]);
  });
});
