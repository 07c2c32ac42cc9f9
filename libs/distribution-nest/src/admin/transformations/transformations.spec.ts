import {
  LOCAL_PRINCIPAL,
  LookupTables,
  noMetrics,
  type Principal,
  Secret,
  Transformations,
  type TransformationDefinition,
} from '@distributary/distribution-core';
import {
  aTransformation,
  FakeClock,
  InMemoryLookupTables,
  InMemoryTransformationStore,
} from '@distributary/distribution-core/testing';
import { loadConfig } from '../../config/load-config.js';
import { LookupTablesService, MAX_LOOKUP_TABLES } from './lookup-tables.service.js';
import { transformationConfig } from './transformation.config.js';
import { MAX_TRANSFORMATIONS, TransformationsService } from './transformations.service.js';

const definition: TransformationDefinition = { steps: [{ map: { a: { value: 1 } } }] };
const other: Principal = { ...LOCAL_PRINCIPAL, id: 'other', tenant: 'other' };
const nobody: Principal = { ...LOCAL_PRINCIPAL, id: 'nobody', permissions: [] };

function world() {
  const clock = new FakeClock();
  const store = new InMemoryTransformationStore();
  const tableStore = new InMemoryLookupTables();
  const tables = new LookupTables(tableStore, clock, noMetrics);
  const transformations = new Transformations({
    store,
    lookups: tables,
    keys: new Map([['pii', new Secret('a key that nobody knows')]]),
    clock,
    metrics: noMetrics,
  });
  return {
    store,
    tableStore,
    named: new TransformationsService({ store, transformations, clock }),
    lookups: new LookupTablesService({ store: tableStore, tables, clock }),
  };
}

describe('transformations over the doors', () => {
  it('belong to a tenant: to others they are not there', async () => {
    const { named } = world();
    await named.create(LOCAL_PRINCIPAL, { name: 'one', definition });
    expect((await named.list(other, {})).items).toEqual([]);
    const missing = { code: 'transformation.not_found' };
    await expect(named.get(other, 'one')).rejects.toMatchObject(missing);
    await expect(named.replace(other, 'one', { definition }, undefined)).rejects.toMatchObject(missing);
    await expect(named.delete(other, 'one', undefined)).rejects.toMatchObject(missing);
    await expect(named.test(other, { transformation: 'one', event: {} })).rejects.toMatchObject(missing);
    expect((await named.create(other, { name: 'one', definition })).view.name).toBe('one');
  });

  it('need a permission', async () => {
    const { named, lookups } = world();
    const calls = [
      () => named.list(nobody, {}),
      () => named.get(nobody, 'a'),
      () => named.create(nobody, {}),
      () => named.replace(nobody, 'a', {}, undefined),
      () => named.delete(nobody, 'a', undefined),
      () => named.test(nobody, {}),
      () => lookups.list(nobody, {}),
      () => lookups.get(nobody, 'a'),
      () => lookups.put(nobody, 'a', {}),
      () => lookups.delete(nobody, 'a'),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'auth.forbidden' });
  });

  it('are so many and no more', async () => {
    const { named, store } = world();
    for (let number = 0; number < MAX_TRANSFORMATIONS; number++) await store.create(aTransformation(`t${number}`));
    await expect(named.create(LOCAL_PRINCIPAL, { name: 'one', definition })).rejects.toMatchObject({
      code: 'quota.exceeded',
    });
    expect((await named.create(other, { name: 'one', definition })).view.definition).toEqual(definition);
  });

  it('are listed page by page', async () => {
    const { named } = world();
    for (const name of ['c', 'a', 'b']) await named.create(LOCAL_PRINCIPAL, { name, definition });
    const first = await named.list(LOCAL_PRINCIPAL, { limit: '2' });
    expect(first).toMatchObject({ items: [{ name: 'a' }, { name: 'b' }], has_more: true });
    const second = await named.list(LOCAL_PRINCIPAL, { limit: '2', cursor: first.cursor });
    expect(second).toMatchObject({ items: [{ name: 'c' }], has_more: false });
  });

  it('are not tried out on events that nothing could look through', async () => {
    const { named } = world();
    const deep = { a: JSON.parse('['.repeat(20_000) + ']'.repeat(20_000)) as unknown };
    await expect(named.test(LOCAL_PRINCIPAL, { transformation: definition, event: deep })).rejects.toMatchObject({
      problems: [{ path: 'event', rule: 'must be nested at most 64 deep' }],
    });
  });

  it('tell what they fail on without the event that passes', async () => {
    const { named } = world();
    const failing = { steps: [{ map: { a: { cel: 'none' } } }] };
    expect(await named.test(LOCAL_PRINCIPAL, { transformation: failing, event: {} })).toMatchObject({
      outcome: 'drop',
      failure: { reason: 'expression', problems: [] },
    });
    const passing = { ...failing, on_error: 'pass' };
    expect(await named.test(LOCAL_PRINCIPAL, { transformation: passing, event: { b: 1 } })).toMatchObject({
      outcome: 'passed',
      event: { b: 1 },
    });
  });
});

describe('look-up tables over the doors', () => {
  it('belong to a tenant', async () => {
    const { lookups } = world();
    await lookups.put(LOCAL_PRINCIPAL, 'teams', { rows: { a: 1 } });
    expect((await lookups.list(other, {})).items).toEqual([]);
    await expect(lookups.get(other, 'teams')).rejects.toMatchObject({ code: 'lookup_table.not_found' });
    await expect(lookups.delete(other, 'teams')).rejects.toMatchObject({ code: 'lookup_table.not_found' });
    expect(await lookups.get(LOCAL_PRINCIPAL, 'teams')).toMatchObject({ rows: { a: 1 } });
    expect((await lookups.list(LOCAL_PRINCIPAL, {})).items).toMatchObject([{ name: 'teams', row_count: 1 }]);
  });

  it('have a size, and so many of them there may be', async () => {
    const { lookups, tableStore } = world();
    const deep = { rows: { a: JSON.parse('['.repeat(20_000) + ']'.repeat(20_000)) as unknown } };
    await expect(lookups.put(LOCAL_PRINCIPAL, 'deep', deep)).rejects.toThrow('nested at most 64 deep');
    const large = { rows: { a: 'x'.repeat(1_100_000) } };
    await expect(lookups.put(LOCAL_PRINCIPAL, 'large', large)).rejects.toThrow('at most 1048576 characters');
    const many = { rows: Object.fromEntries(Array.from({ length: 10_001 }, (_, row) => [`k${row}`, 1])) };
    await expect(lookups.put(LOCAL_PRINCIPAL, 'many', many)).rejects.toThrow('must be at most 10000');
    await expect(lookups.put(LOCAL_PRINCIPAL, 'a b', { rows: {} })).rejects.toMatchObject({ code: 'request.invalid' });
    for (let number = 0; number < MAX_LOOKUP_TABLES; number++) {
      await tableStore.put({ tenant: 'default', name: `t${number}`, rows: {}, changedAtMicros: 0 });
    }
    await expect(lookups.put(LOCAL_PRINCIPAL, 'more', { rows: {} })).rejects.toMatchObject({ code: 'quota.exceeded' });
    expect(await lookups.put(LOCAL_PRINCIPAL, 't1', { rows: { a: 2 } })).toMatchObject({ rows: { a: 2 } });
  });
});

describe('REDACTION_KEYS', () => {
  const keysOf = (text?: string) =>
    loadConfig(text === undefined ? {} : { REDACTION_KEYS: text }, transformationConfig).REDACTION_KEYS;

  it('are keys by name, and none if there are none', () => {
    expect(keysOf().size).toBe(0);
    const keys = keysOf(' pii=0123456789abcdef , other=fedcba9876543210=');
    expect([...keys.keys()]).toEqual(['pii', 'other']);
    expect(keys.get('other')?.reveal()).toBe('fedcba9876543210=');
    expect(JSON.stringify([...keys.values()])).not.toContain('0123456789abcdef');
  });

  it.each(['0123456789abcdef', 'pii=short', '=0123456789abcdef'])('refuse %s without showing it', (text) => {
    expect(() => keysOf(text)).toThrow('must be name=key');
    expect(() => keysOf(text)).not.toThrow(text);
  });
});
