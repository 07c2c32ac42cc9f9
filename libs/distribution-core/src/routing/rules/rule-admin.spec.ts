import { LOCAL_PRINCIPAL } from '../../access/local-principal.js';
import type { Principal, Verb } from '../../access/principal.js';
import { noMetrics } from '../../ports/metrics.port.js';
import { aRule } from '../../testing/a-rule.js';
import { anEvent } from '../../testing/builders.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { InMemoryRoutingRuleStore } from '../../testing/in-memory-routing-rule-store.js';
import { EventRouter } from './event-router.js';
import type { RuleSettings } from './routing-rule.js';
import { RuleAdmin, ruleVersion } from './rule-admin.js';
import { RuleDirectory } from './rule-directory.js';

const TOPICS = ['in', 'a', 'b', 'team/x', 'x/all', '@acme/in', '@acme/a'];

async function anAdmin() {
  const clock = new FakeClock();
  const store = new InMemoryRoutingRuleStore();
  const made = new Set<string>();
  const topics = {
    lookUp: async (name: string) => {
      if (name === 'new') made.add(name);
      return Promise.resolve(undefined);
    },
    find: (name: string) =>
      made.has(name) || TOPICS.includes(name) || name === 'theirs'
        ? {
            brokerName: name,
            partitions: 1,
            enabled: true,
            origin: name === 'theirs' ? ('external' as const) : ('ingested' as const),
          }
        : undefined,
  };
  const directory = new RuleDirectory({
    store,
    topics: { refresh: () => Promise.resolve() },
    clock,
    metrics: noMetrics,
    onError: () => undefined,
  });
  await directory.start();
  const router = new EventRouter({ topics, restate: (record) => record.value, metrics: noMetrics });
  directory.onTable((table) => router.use(table));
  let lastId = 0;
  const ids = { uuid: () => `id-${++lastId}`, random: () => 0 };
  return { store, directory, router, admin: new RuleAdmin({ directory, router, topics, clock, ids }) };
}

const settings = (more: Partial<RuleSettings> = {}): RuleSettings => {
  const { id: _id, tenant: _tenant, createdAtMicros: _at, revision: _revision, ...rest } = aRule({ name: 'r' });
  return { ...rest, sourcePattern: 'in', targetTopic: 'a', ...more };
};
const who = (tenant: string, topicPattern = '#', verbs: readonly Verb[] = ['manage']): Principal => ({
  ...LOCAL_PRINCIPAL,
  tenant,
  permissions: [{ verbs, topicPattern, constraint: undefined }],
});
const local = LOCAL_PRINCIPAL;

describe('the rules of a tenant', () => {
  it('are its own: others do not see them, change them, or have their names taken', async () => {
    const { admin, router } = await anAdmin();
    const [acme, other] = [who('acme'), who('default')];
    const rule = await admin.create(acme, settings());
    await admin.create(other, settings());
    expect(admin.list(acme)).toEqual([rule]);
    expect(() => admin.get(other, rule.id)).toThrow(expect.objectContaining({ code: 'rule.not_found' }));
    await expect(admin.delete(other, rule.id)).rejects.toMatchObject({ code: 'rule.not_found' });
    const [routed] = router.route([{ topic: '@acme/in', record: anEvent() }]);
    expect(routed?.copies.map(({ topic }) => topic)).toEqual(['@acme/a']);
  });

  it('may give to a topic that another process has just made', async () => {
    const { admin } = await anAdmin();
    await admin.create(local, settings({ targetTopic: 'new' }));
    await expect(admin.create(local, settings({ name: 'x', targetTopic: 'none' }))).rejects.toMatchObject({
      problems: [{ path: 'target_topic', rule: 'must be a topic that exists' }],
    });
  });

  it('take from and give to topics that the principal may manage, and no others', async () => {
    const { admin } = await anAdmin();
    const create = (pattern: string, rule: Partial<RuleSettings>, verbs?: Verb[]) =>
      admin.create(who('default', pattern, verbs), settings({ name: `${pattern} ${JSON.stringify(rule)}`, ...rule }));
    const forbidden = { code: 'auth.forbidden' };
    await expect(create('in', {})).rejects.toMatchObject(forbidden);
    await expect(create('a', {})).rejects.toMatchObject(forbidden);
    await expect(create('team/#', { sourcePattern: '#', targetTopic: 'team/x' })).rejects.toMatchObject(forbidden);
    await expect(create('team/+', { sourcePattern: 'team/#', targetTopic: 'team/x' })).rejects.toMatchObject(forbidden);
    await expect(create('team/#', { sourcePattern: 'team/y', targetTopic: '${service}/x' })).rejects.toMatchObject(
      forbidden,
    );
    // A level may be called anything that a wildcard could be tried with.
    for (const [sourcePattern, targetTopic] of [
      ['+/orders', 'x/all'],
      ['#', 'x/all'],
      ['x/orders', '${service}/all'],
    ]) {
      await expect(create('x/#', { sourcePattern, targetTopic })).rejects.toMatchObject(forbidden);
    }
    await expect(create('#', {}, ['read'])).rejects.toMatchObject(forbidden);
    await create('team/#', { sourcePattern: 'team/y/#', targetTopic: 'team/x' });
    await create('team/#', { sourcePattern: 'team/z', targetTopic: 'team/sub/${service}' });
    await create('team/#', { sourcePattern: 'team/w', targetTopic: 'team/copies/of/${topic}' });
    expect(admin.list(who('default', '#', ['read']))).toHaveLength(3);
    expect(() => admin.list(who('default', '#', ['subscribe']))).toThrow(expect.objectContaining(forbidden));
  });

  it('name every problem', async () => {
    const { admin } = await anAdmin();
    const broken = settings({
      name: '',
      sourcePattern: '@acme/in',
      keyPattern: 'a..b',
      targetTopic: 'x/${a b}',
      routingKeyTemplate: '${topic}',
      setAttributes: { hops: 1, 'data.x': 1, 'a b': 1, n: Number.NaN, t: 'x'.repeat(1025) },
      setPriority: 10,
      priority: -1,
    });
    await expect(admin.create(local, broken)).rejects.toMatchObject({
      problems: [
        { path: 'name' },
        { path: 'source_pattern' },
        { path: 'key_pattern' },
        { path: 'target_topic' },
        { path: 'routing_key_template' },
        { path: 'set_attributes.hops' },
        { path: 'set_attributes.data.x' },
        { path: 'set_attributes.a b' },
        { path: 'set_attributes.n' },
        { path: 'set_attributes.t' },
        { path: 'set_priority' },
        { path: 'priority' },
      ],
    });
    const many = Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`a${n}`, n]));
    for (const [more, path] of [
      [{ targetTopic: 'nowhere' }, 'target_topic'],
      [{ targetTopic: 'theirs' }, 'target_topic'],
      [{ targetTopic: 'x${topic}' }, 'target_topic'],
      [{ targetTopic: '${severity|title}' }, 'target_topic'],
      [{ targetTopic: 'a/${x' }, 'target_topic'],
      [{ targetTopic: 'a/+' }, 'target_topic'],
      [{ targetTopic: '@acme/a' }, 'target_topic'],
      [{ targetTopic: `${'x'.repeat(200)}/a` }, 'target_topic'],
      [{ sourcePattern: 'x'.repeat(201) }, 'source_pattern'],
      [{ keyPattern: 'x'.repeat(201) }, 'key_pattern'],
      [{ setAttributes: many }, 'set_attributes'],
    ] as [Partial<RuleSettings>, string][]) {
      await expect(admin.create(local, settings(more))).rejects.toMatchObject({ problems: [{ path }] });
    }
  });

  it('change for those who have seen their present state, and for those who do not ask', async () => {
    const { admin, store } = await anAdmin();
    const rule = await admin.create(local, settings());
    const changed = await admin.change(local, rule.id, { priority: 5 }, [ruleVersion(rule)]);
    expect(changed).toMatchObject({ priority: 5, revision: 2 });
    const late = admin.change(local, rule.id, { priority: 6 }, [ruleVersion(rule)]);
    await expect(late).rejects.toMatchObject({ code: 'precondition.failed' });
    await expect(admin.delete(local, rule.id, [ruleVersion(rule)])).rejects.toMatchObject({
      code: 'precondition.failed',
    });
    // Another process was faster: a change that names no state is made of the newer one.
    await store.change([{ kind: 'replace', rule: { ...changed, name: 'renamed' }, revision: 2 }], () => undefined);
    expect(await admin.change(local, rule.id, { enabled: false })).toMatchObject({ name: 'renamed', enabled: false });
    await admin.delete(local, rule.id, 'any');
    expect(admin.list(local)).toEqual([]);
  });

  it('are put in order, all at once', async () => {
    const { admin, directory } = await anAdmin();
    const rules = [];
    for (const name of ['a', 'b', 'c', 'd']) rules.push(await admin.create(local, settings({ name })));
    const before = directory.version;
    const ordered = await admin.reorder(local, [rules[2].id, rules[0].id]);
    expect(ordered.map(({ name, priority }) => `${name}${priority}`)).toEqual(['c1', 'a2', 'b3', 'd4']);
    expect(directory.version).toBe(before + 1);
    await admin.reorder(local, [rules[2].id]);
    expect(directory.version).toBe(before + 1);
    await expect(admin.reorder(local, [rules[0].id, rules[0].id])).rejects.toMatchObject({ code: 'request.invalid' });
    await expect(admin.reorder(local, ['x'])).rejects.toMatchObject({ code: 'rule.not_found' });
  });

  it('can be tried before they are there', async () => {
    const { admin } = await anAdmin();
    await admin.create(local, settings({ name: 'kept' }));
    const event = { topic: 'in', record: anEvent() };
    const tried = admin.explain(local, event, [
      settings({ name: 'kept', targetTopic: 'b', next: 'stop' }),
      settings({ name: 'later', priority: 9 }),
    ]);
    expect(tried.rules.map(({ rule, outcome }) => [rule.name, outcome])).toEqual([
      ['kept', 'fired'],
      ['later', 'not_reached'],
    ]);
    expect(tried.copies.map(({ topic }) => topic)).toEqual(['b']);
    expect(admin.explain(local, event).copies.map(({ topic }) => topic)).toEqual(['a']);
    expect(() => admin.explain(local, event, [settings({ priority: -1 })])).toThrow(
      expect.objectContaining({ problems: [{ path: 'rules[0].priority', rule: expect.any(String) }] }),
    );
  });
});
