import { DistributionError } from '../errors/distribution-error.js';
import { noMetrics } from '../ports/metrics.port.js';
import type { LookupRows } from '../ports/transformation-store.port.js';
import { Secret } from '../secret.js';
import { FakeClock } from '../testing/fake-clock.js';
import { InMemoryLookupTables, InMemoryTransformationStore } from '../testing/in-memory-transformation-store.js';
import { lineEncoder } from '../testing/recording-outlet.js';
import { settle } from '../testing/settle.js';
import { aTransformation } from '../testing/transformation-store.contract.js';
import type { TransformationDefinition } from './definition.js';
import { LookupTables } from './lookup-tables.js';
import { Transformations } from './transformations.js';

const MAPPING: TransformationDefinition = { steps: [{ map: { twice: { cel: 'n * 2' } } }] };
const ENRICHING: TransformationDefinition = {
  steps: [{ enrich: { target: 'team', key: { from: 'service' }, lookup: 'teams', default: 'nobody' } }],
};

function world() {
  const clock = new FakeClock();
  const store = new InMemoryTransformationStore();
  const tables = new InMemoryLookupTables();
  let loads = 0;
  let isDown = false;
  const source = {
    load: async (tenant: string, name: string): Promise<LookupRows | undefined> => {
      loads++;
      if (isDown) throw new DistributionError('store.unavailable', 'down');
      return tables.load(tenant, name);
    },
  };
  const lookups = new LookupTables(source, clock, noMetrics, { ttlMs: 1000, maxTables: 2 });
  const keys = new Map([['pii', new Secret('a key that nobody knows')]]);
  const transformations = new Transformations({ store, lookups, keys, clock, metrics: noMetrics });
  const put = (rows: LookupRows['rows'], name = 'teams') =>
    tables.put({ tenant: 'default', name, rows, changedAtMicros: 0 });
  return {
    clock,
    store,
    lookups,
    transformations,
    put,
    loads: () => loads,
    setDown: (value: boolean) => (isDown = value),
  };
}

const valueOf = (output: { value(value: Uint8Array): Uint8Array | undefined } | undefined, event: object): unknown => {
  const made = output?.value(Buffer.from(JSON.stringify(event)));
  return made === undefined ? undefined : (JSON.parse(Buffer.from(made).toString()) as unknown);
};

describe('transformations', () => {
  it('are none where the output is the event as it is', async () => {
    const { transformations } = world();
    expect(await transformations.outputOf('default', undefined)).toBeUndefined();
    expect(await transformations.outputOf('default', {})).toBeUndefined();
    expect(await transformations.outputOf('default', { format: 'plain' })).toBeUndefined();
  });

  it('are shared by all of a tenant that want the same, whatever they call it', async () => {
    const { transformations, store } = world();
    await store.create(aTransformation('twice', { definition: MAPPING }));
    const inline = await transformations.outputOf('default', { transformation: MAPPING });
    expect(await transformations.outputOf('default', { transformation: 'twice' })).toBe(inline);
    expect(await transformations.outputOf('other', { transformation: MAPPING })).not.toBe(inline);
    expect(inline?.encoder(lineEncoder)).toBe(inline?.encoder(lineEncoder));
    expect(valueOf(inline, { n: 2 })).toEqual({ n: 2, twice: 4 });
    expect(valueOf(inline, { m: 2 })).toBeUndefined();
  });

  it('put fields and format after the steps', async () => {
    const { transformations } = world();
    const output = await transformations.outputOf('default', { transformation: MAPPING, fields: ['twice'] });
    expect(valueOf(output, { event_id: 'e', n: 2 })).toEqual({ event_id: 'e', twice: 4 });
    const event = await transformations.outputOf('default', { fields: ['data'], format: 'cloudevents' });
    expect(valueOf(event, { event_id: 'e', data: 1 })).toMatchObject({ specversion: '1.0', id: 'e', data: 1 });
  });

  it('are refused if they are not there, are none, or would refuse what is in the log', async () => {
    const { transformations } = world();
    const refused = (transformation: unknown) =>
      expect(transformations.outputOf('default', { transformation: transformation as string })).rejects;
    await refused('none').toMatchObject({ code: 'transformation.not_found' });
    await refused({ steps: 3 }).toMatchObject({ problems: [{ path: 'transformation.steps' }] });
    await refused({ steps: [{ drop: ['a'] }, { validate: { schema: true, on_failure: 'reject' } }] }).toMatchObject({
      code: 'request.invalid',
      problems: [{ path: 'transformation.steps[1].validate.on_failure' }],
    });
  });

  it('know their keys', async () => {
    const { transformations } = world();
    const steps = [{ redact: { paths: ['a'], with: 'hash', key: 'pii' } as const }];
    const output = await transformations.outputOf('default', { transformation: { steps } });
    expect(valueOf(output, { a: 'x' })).toEqual({ a: expect.stringMatching(/^[\w-]{43}$/) as string });
  });

  it('are declined while the dear ones of a tenant cost more than it may spend, and others go on', async () => {
    const { transformations, clock } = world();
    const dear = { steps: [{ map: { x: { cel: 'list.map(a, list.map(b, a))' } } }] };
    const event = { list: Array.from({ length: 40 }, (_, item) => item) };
    const output = await transformations.outputOf('default', { transformation: dear });
    const other = await transformations.outputOf('other', { transformation: dear });
    let served = 0;
    while (valueOf(output, event) !== undefined) served++;
    expect(served).toBeGreaterThan(5);
    expect(served).toBeLessThan(60);
    expect(valueOf(output, event)).toBeUndefined();
    expect(valueOf(other, event)).toBeDefined();
    clock.advance(200);
    expect(valueOf(output, event)).toBeDefined();
  });

  it('pass as they were if they say so, when they are declined', () => {
    const { transformations } = world();
    const passing = transformations.compileNow('default', { ...MAPPING, on_error: 'pass' }, '');
    expect(passing.decline(Buffer.from('{}'), 'too dear')).toMatchObject({
      kind: 'event',
      failure: { reason: 'budget' },
    });
  });

  it('compile at once what names no table', () => {
    const { transformations } = world();
    expect(transformations.compileNow('default', MAPPING, '').format).toBe('plain');
    expect(() => transformations.compileNow('default', ENRICHING, 'x')).toThrow(
      'x.steps[0].enrich.lookup: there is no',
    );
  });
});

describe('look-up tables', () => {
  it('answer from memory, and are read again when they are old and somebody asks', async () => {
    const { transformations, put, clock, loads } = world();
    await put({ checkout: 'payments' });
    const output = await transformations.outputOf('default', { transformation: ENRICHING });
    const team = () => (valueOf(output, { service: 'checkout' }) as { team: string }).team;
    expect(team()).toBe('payments');
    await put({ checkout: 'platform' });
    clock.advance(999);
    expect(team()).toBe('payments');
    expect(loads()).toBe(1);
    clock.advance(1);
    expect([team(), team(), team()]).toEqual(['payments', 'payments', 'payments']);
    await settle(clock);
    expect(team()).toBe('platform');
    expect(loads()).toBe(2);
    expect(valueOf(output, { service: 'constructor' })).toMatchObject({ team: 'nobody' });
  });

  it('keep their rows while the source is down, and do not ask it for each event', async () => {
    const { transformations, put, clock, loads, setDown } = world();
    await put({ checkout: 'payments' });
    const output = await transformations.outputOf('default', { transformation: ENRICHING });
    setDown(true);
    clock.advance(1000);
    for (let event = 0; event < 5; event++) {
      expect(valueOf(output, { service: 'checkout' })).toMatchObject({ team: 'payments' });
      await settle(clock);
    }
    expect(loads()).toBe(2);
  });

  it('are opened once by all who ask at the same time', async () => {
    const { lookups, put, loads } = world();
    await put({ a: 1 });
    const opened = await Promise.all([1, 2, 3].map(() => lookups.open('default', 'teams')));
    expect(new Set(opened).size).toBe(1);
    expect(loads()).toBe(1);
  });

  it('are refused if there are none, and asked for again when there may be', async () => {
    const { transformations, lookups, put, setDown } = world();
    await expect(transformations.outputOf('default', { transformation: ENRICHING })).rejects.toMatchObject({
      problems: [{ path: 'transformation.steps[0].enrich.lookup' }],
    });
    setDown(true);
    await expect(lookups.open('default', 'teams')).rejects.toMatchObject({ code: 'store.unavailable' });
    setDown(false);
    await put({});
    expect(await lookups.open('default', 'teams')).toBeDefined();
  });

  it('are read again at once when they were changed here', async () => {
    const { lookups, put, clock } = world();
    await put({ a: 1 });
    const table = await lookups.open('default', 'teams');
    await put({ a: 2 });
    lookups.expire('default', 'teams');
    lookups.expire('default', 'never opened');
    await settle(clock);
    expect(table?.get('a')).toBe(1);
    await settle(clock);
    expect(table?.get('a')).toBe(2);
  });

  it('are read once more when they were changed here while they were being read', async () => {
    const clock = new FakeClock();
    const answers: ((n: number) => void)[] = [];
    const load = () =>
      new Promise<LookupRows>((resolve) => {
        answers.push((n) => resolve({ tenant: 'default', name: 'teams', rows: { a: n }, changedAtMicros: 0 }));
      });
    const lookups = new LookupTables({ load }, clock, noMetrics, { ttlMs: 1000 });
    const opened = lookups.open('default', 'teams');
    answers[0](1);
    const table = await opened;
    clock.advance(1000);
    table?.get('a');
    lookups.expire('default', 'teams');
    await settle(clock);
    answers[1](1);
    await settle(clock);
    expect(table?.get('a')).toBe(1);
    expect(answers).toHaveLength(3);
    answers[2](2);
    await settle(clock);
    expect(table?.get('a')).toBe(2);
    expect(answers).toHaveLength(3);
  });

  it('are shared up to a number', async () => {
    const { lookups, put, loads } = world();
    for (const name of ['a', 'b', 'c']) await put({}, name);
    for (const name of ['a', 'b', 'c', 'c', 'a']) await lookups.open('default', name);
    expect(loads()).toBe(4);
  });
});
