import { noMetrics } from '../../ports/metrics.port.js';
import { aRule } from '../../testing/a-rule.js';
import { anEvent } from '../../testing/builders.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { InMemoryRoutingRuleStore } from '../../testing/in-memory-routing-rule-store.js';
import { InMemoryLookupTables, InMemoryTransformationStore } from '../../testing/in-memory-transformation-store.js';
import { settle } from '../../testing/settle.js';
import { until } from '../../testing/until.js';
import { LookupTables } from '../../transformation/lookup-tables.js';
import { RuleTransformations } from '../../transformation/rule-transformations.js';
import { Transformations } from '../../transformation/transformations.js';
import type { RoutingRule } from './routing-rule.js';
import { RuleDirectory } from './rule-directory.js';

const names = (rules: readonly RoutingRule[]) => rules.map(({ name }) => name);
const create = (rule: RoutingRule) => ({ kind: 'create', rule }) as const;
const accept = () => undefined;

const unchanging = { refresh: () => Promise.resolve() };

async function directories(count: number, store = new InMemoryRoutingRuleStore(), topics = unchanging) {
  const clock = new FakeClock();
  const errors: unknown[] = [];
  const made = Array.from(
    { length: count },
    () => new RuleDirectory({ store, topics, clock, metrics: noMetrics, onError: (error) => errors.push(error) }),
  );
  for (const directory of made) await directory.start();
  return { store, clock, errors, made };
}

describe('the rules of a process', () => {
  it('are in force here when a change has resolved, and soon in every other process', async () => {
    const { made, clock } = await directories(2);
    const tables: number[] = [];
    made[1].onTable((table) => tables.push(table.size));
    await made[0].change([create(aRule())]);
    expect(made[0].table.size).toBe(1);
    await until('told', () => made[1].table.size === 1);
    expect(made[1].version).toBe(made[0].version);
    expect(tables).toEqual([0, 1]);
    for (const directory of made) await directory.stop();
    expect(clock.pendingAlarms).toBe(0);
  });

  it('are asked for from time to time, if nobody tells', async () => {
    const store = new InMemoryRoutingRuleStore();
    store.watch = () => Promise.resolve(() => Promise.resolve());
    const { made, clock } = await directories(1, store);
    await store.change([create(aRule())], accept);
    expect(made[0].table.size).toBe(0);
    clock.advance(1_000);
    await until('seen', () => made[0].table.size === 1);
    await made[0].stop();
  });

  it('are applied only once the topics are known that were there before them', async () => {
    const store = new InMemoryRoutingRuleStore();
    const topics = { ...unchanging };
    const { made, clock } = await directories(1, store, topics);
    let asked = 0;
    let answer: () => void = () => undefined;
    topics.refresh = () => {
      asked++;
      return new Promise<void>((resolve) => (answer = resolve));
    };
    await store.change([create(aRule())], accept);
    await until('the topics are asked for', () => asked === 1);
    await settle(clock);
    expect(made[0].table.size).toBe(0);
    answer();
    await until('applied', () => made[0].table.size === 1);

    const changing = made[0].change([create(aRule({ name: 'of this process' }))]);
    await until('the topics are asked for again', () => asked === 2);
    await settle(clock);
    expect(made[0].table.size).toBe(1);
    answer();
    await changing;
    expect(made[0].table.size).toBe(2);
    await made[0].stop();
  });

  it('of others that came while a change waited for the store are applied only once what they need is known', async () => {
    const store = new InMemoryRoutingRuleStore();
    const clock = new FakeClock();
    const named = new InMemoryTransformationStore();
    const lookups = new InMemoryLookupTables();
    const since = { tenant: 'default', createdAtMicros: 1, changedAtMicros: 1 };
    await named.create({ ...since, name: 't', definition: { steps: [{ map: { seen: { value: true } } }] } });
    await lookups.put({ ...since, name: 'table', rows: {} });
    const transformations = new Transformations({
      store: named,
      lookups: new LookupTables(lookups, clock, noMetrics),
      keys: new Map(),
      clock,
      metrics: noMetrics,
    });
    const errors: unknown[] = [];
    const onError = (error: unknown) => errors.push(error);
    const transforms = new RuleTransformations({ transformations, clock, metrics: noMetrics, onError });
    let existing = 0;
    let seen = 0;
    const topics = { refresh: async () => void (seen = await Promise.resolve(existing)) };
    let isLocked = true;
    const waiting: InMemoryRoutingRuleStore['change'] = async (edits, check) => {
      await until('the row is free', () => !isLocked);
      return store.change(edits, check);
    };
    const directory = new RuleDirectory({
      store: {
        version: () => store.version(),
        list: () => store.list(),
        watch: () => Promise.resolve(() => Promise.resolve()),
        change: waiting,
      },
      topics,
      clock,
      metrics: noMetrics,
      prepare: (rules, isStrict) => transforms.prepare(rules, isStrict),
      transformOf: transforms.transformOf,
      onError,
    });
    const seenWithTheirs: number[] = [];
    directory.onTable((table) => {
      if (table.size > 1) seenWithTheirs.push(seen);
    });
    await directory.start();

    const changing = directory.change([create(aRule({ name: 'mine' }))]);
    await settle(clock);
    existing = 1;
    const enriched = { steps: [{ enrich: { lookup: 'table', key: { value: 'k' }, target: 'data.found' } }] };
    await store.change([create(aRule({ name: 'theirs', transformation: 't' }))], accept);
    await store.change([create(aRule({ name: 'inline', transformation: enriched }))], accept);
    isLocked = false;
    await changing;

    expect(errors).toEqual([]);
    expect(names(directory.rules).sort()).toEqual(['inline', 'mine', 'theirs']);
    expect(seenWithTheirs).toEqual([1]);
    const theirs = directory.table.rules.find(({ rule }) => rule.name === 'theirs');
    const made = theirs?.transform?.({ topic: 'monitoring/metrics', record: anEvent({ value: {} }) });
    expect(String(Buffer.from(made?.value ?? []))).toBe('{"seen":true}');
    await directory.stop();
  });

  it('stay as they were while the topics cannot be asked for, and are applied later', async () => {
    const store = new InMemoryRoutingRuleStore();
    const topics = { ...unchanging };
    const { made, clock, errors } = await directories(1, store, topics);
    topics.refresh = () => Promise.reject(new Error('away'));
    await store.change([create(aRule())], accept);
    await until('failed', () => errors.length === 1);
    expect(made[0].table.size).toBe(0);
    topics.refresh = unchanging.refresh;
    clock.advance(1_000);
    await until('applied', () => made[0].table.size === 1);
    await made[0].stop();
  });

  it('are deleted and disabled, here and elsewhere, while the topics cannot be asked for', async () => {
    const store = new InMemoryRoutingRuleStore();
    const topics = { ...unchanging };
    const { made, errors } = await directories(2, store, topics);
    const [one, other] = [aRule({ name: 'one' }), aRule({ name: 'other' })];
    await made[0].change([create(one), create(other)]);
    await until('known everywhere', () => made[1].table.size === 2);
    topics.refresh = () => Promise.reject(new Error('away'));
    await made[0].change([{ kind: 'delete', id: one.id, revision: 1 }]);
    await made[0].change([{ kind: 'replace', rule: { ...other, enabled: false }, revision: 1 }]);
    expect(made[0].table.size).toBe(0);
    await until('applied everywhere', () => made[1].table.size === 0);
    await expect(made[0].change([{ kind: 'replace', rule: other, revision: 2 }])).rejects.toThrow('away');
    expect(errors).toEqual([]);
    for (const directory of made) await directory.stop();
  });

  it('are stopped when no refresh of theirs is under way any more', async () => {
    const store = new InMemoryRoutingRuleStore();
    const topics = { ...unchanging };
    const { made, clock } = await directories(1, store, topics);
    let answer: (() => void) | undefined;
    topics.refresh = () => new Promise<void>((resolve) => (answer = resolve));
    await store.change([create(aRule())], accept);
    await until('the topics are asked for', () => answer !== undefined);
    let isStopped = false;
    const stopping = made[0].stop().then(() => (isStopped = true));
    await settle(clock);
    expect(isStopped).toBe(false);
    answer?.();
    await stopping;
    expect(clock.pendingAlarms).toBe(0);
  });

  it('are refused as a whole, here and in the store, if they would not compile', async () => {
    const { made, store } = await directories(1);
    await made[0].change([create(aRule({ name: 'there', sourcePattern: 'a', targetTopic: 'b' }))]);
    const back = create(aRule({ name: 'back', sourcePattern: 'b', targetTopic: 'a' }));
    const fine = create(aRule({ name: 'fine' }));
    await expect(made[0].change([fine, back])).rejects.toMatchObject({ code: 'request.invalid' });
    expect(names((await store.list()).rules)).toEqual(['there']);
    expect(names(made[0].rules)).toEqual(['there']);
    await made[0].stop();
  });

  it('stay as they were while the store holds rules that do not compile, or does not answer', async () => {
    const { made, store, clock, errors } = await directories(1);
    await made[0].change([create(aRule({ name: 'good' }))]);
    await store.change([create(aRule({ name: 'circle', sourcePattern: 'x', targetTopic: 'x' }))], accept);
    await until('refused', () => errors.length === 1);
    expect(names(made[0].table.rules.map(({ rule }) => rule))).toEqual(['good']);
    store.version = () => Promise.reject(new Error('away'));
    clock.advance(1_000);
    await until('failed', () => errors.length === 2);
    expect(made[0].table.size).toBe(1);
    await made[0].stop();
  });

  it('are at most a thousand for each tenant', async () => {
    const { made } = await directories(1);
    const many = Array.from({ length: 1_001 }, (_, n) => aRule({ name: `r${n}` }));
    await expect(made[0].change(many.map(create))).rejects.toMatchObject({ code: 'request.invalid' });
    await made[0].stop();
  });
});
