import { DistributionError } from '../errors/distribution-error.js';
import { noMetrics } from '../ports/metrics.port.js';
import type { RoutingRule, RuleTransformation } from '../routing/rules/routing-rule.js';
import { anEvent } from '../testing/builders.js';
import { FakeClock } from '../testing/fake-clock.js';
import { settle } from '../testing/settle.js';
import { compileTransformation } from './compile-transformation.js';
import type { TransformationDefinition } from './definition.js';
import { RuleTransformations } from './rule-transformations.js';

const setting = (value: unknown): TransformationDefinition => ({ steps: [{ map: { set: { value } } }] });

function world() {
  const clock = new FakeClock();
  let failures = 0;
  const named = new Map<string, TransformationDefinition>();
  const errors: unknown[] = [];
  let isDown = false;
  const compileNow = (tenant: string, definition: TransformationDefinition, path: string) =>
    compileTransformation(definition, { tenant, path });
  const compile = async (tenant: string, definition: TransformationDefinition | string, path = '') => {
    if (isDown) throw new DistributionError('store.unavailable', 'down');
    const found = typeof definition === 'string' ? named.get(definition) : definition;
    if (found === undefined)
      throw new DistributionError('transformation.not_found', `no transformation ${String(definition)}`);
    return Promise.resolve(compileNow(tenant, found, path));
  };
  const rules = new RuleTransformations({
    transformations: { compile, compileNow },
    clock,
    metrics: { ...noMetrics, counter: () => ({ add: () => void failures++ }) },
    allowance: { freeSteps: 10, stepsPerSecond: 1_000, burst: 500 },
    onError: (error) => errors.push(error),
  });
  return { clock, failures: () => failures, named, errors, rules, setDown: (value: boolean) => (isDown = value) };
}

const ruleWith = (transformation: RuleTransformation | undefined): RoutingRule =>
  ({ name: 'rule', tenant: 'default', transformation }) as RoutingRule;
const inline = (definition: TransformationDefinition) => ruleWith(definition as unknown as RuleTransformation);
const run = (rules: RuleTransformations, rule: RoutingRule, value: object = { event_id: 'e' }) => {
  const made = rules.transformOf(rule)?.({ topic: 't', record: anEvent({ value }) });
  return made === undefined ? undefined : (JSON.parse(Buffer.from(made.value).toString()) as unknown);
};

describe('the transformations of rules', () => {
  it('are none for rules that have none', () => {
    expect(world().rules.transformOf(ruleWith(undefined))).toBeUndefined();
  });

  it('are prepared by name, or stand in the rule', async () => {
    const { rules, named } = world();
    named.set('one', setting(1));
    await rules.prepare([ruleWith('one'), ruleWith('one'), ruleWith(undefined)], true);
    expect(run(rules, ruleWith('one'))).toEqual({ event_id: 'e', set: 1 });
    expect(run(rules, inline(setting(2)))).toEqual({ event_id: 'e', set: 2 });
    await rules.prepare([inline(setting(3))], true);
    expect(run(rules, inline(setting(3)))).toEqual({ event_id: 'e', set: 3 });
  });

  it('are refused with a new rule, and keep a stored one from firing', async () => {
    const { rules, errors } = world();
    await expect(rules.prepare([ruleWith('none')], true)).rejects.toMatchObject({
      code: 'request.invalid',
      problems: [{ path: 'transformation', rule: 'no transformation none' }],
    });
    await expect(rules.prepare([inline({ steps: 3 } as never)], true)).rejects.toMatchObject({
      code: 'request.invalid',
    });
    await rules.prepare([ruleWith('none')], false);
    expect(errors).toHaveLength(1);
    expect(run(rules, ruleWith('none'))).toBeUndefined();
    expect(run(rules, ruleWith('never prepared'))).toBeUndefined();
  });

  it('are refused before anything that calls itself looks at them', async () => {
    const { rules } = world();
    const deep = ruleWith({ steps: JSON.parse('['.repeat(20_000) + ']'.repeat(20_000)) as unknown });
    await expect(rules.prepare([deep], true)).rejects.toMatchObject({ code: 'request.invalid' });
    expect(() => rules.transformOf(deep)).toThrow('nested at most 64 deep');
  });

  it('do not fire for events that they fail on, and refuse those that they are to refuse', () => {
    const { rules } = world();
    const failing: TransformationDefinition = { steps: [{ map: { x: { cel: 'none' } } }] };
    expect(run(rules, inline(failing))).toBeUndefined();
    expect(run(rules, inline({ ...failing, on_error: 'dead_letter' }))).toBeUndefined();
    expect(run(rules, inline({ ...failing, on_error: 'pass' }))).toEqual({ event_id: 'e' });
    const checking = (on_failure: 'reject' | 'drop') =>
      inline({ steps: [{ validate: { schema: { required: ['severity'] }, on_failure } }] });
    expect(run(rules, checking('drop'))).toBeUndefined();
    expect(() => run(rules, checking('reject'))).toThrow(
      expect.objectContaining({ code: 'schema.rejected', problems: [expect.objectContaining({ path: 'severity' })] }),
    );
  });

  it('are apart where only the order of their fields is another', async () => {
    const { rules } = world();
    const [outer, inner] = [{ value: { x: 1, y: 1 } }, { value: 2 }];
    const one = inline({ steps: [{ map: { data: outer, 'data.x': inner } }] });
    const other = inline({ steps: [{ map: { 'data.x': inner, data: outer } }] });
    await rules.prepare([one, other], true);
    expect(run(rules, one)).toMatchObject({ data: { x: 2, y: 1 } });
    expect(run(rules, other)).toMatchObject({ data: { x: 1, y: 1 } });
  });

  it('stay as long as rules have them, however many come and go', async () => {
    const { rules, named } = world();
    for (let index = 0; index < 300; index++) named.set(`n${index}`, setting(index));
    const used = Array.from({ length: 150 }, (_, index) => ruleWith(`n${index}`));
    await rules.prepare(used, false);
    rules.use(used);
    for (let index = 150; index < 300; index++) await rules.prepare([ruleWith(`n${index}`)], true);
    expect(used.map((rule) => run(rules, rule))).toEqual(used.map((_, set) => ({ event_id: 'e', set })));
    // Not those that no rule has: only the last hundred of them, besides the newest.
    expect(run(rules, ruleWith('n198'))).toBeUndefined();
    expect(run(rules, ruleWith('n199'))).toMatchObject({ set: 199 });
    rules.use([]);
    expect(run(rules, ruleWith('n0'))).toBeUndefined();
  });

  it('are asked for again while rules have them, though they were forgotten before those were in force', async () => {
    const { rules, named, clock } = world();
    named.set('one', setting(1));
    rules.use([ruleWith('one')]);
    expect(run(rules, ruleWith('one'))).toBeUndefined();
    let changes = 0;
    rules.watch(() => changes++);
    clock.advance(5_000);
    await settle(clock);
    expect(changes).toBe(1);
    expect(run(rules, ruleWith('one'))).toMatchObject({ set: 1 });
    rules.stop();
  });

  it('cost no more than a tenant may spend: until there is more, they fail', async () => {
    const { rules, clock, failures } = world();
    const dear = inline({ steps: [{ map: { sum: { cel: 'data.map(x, x + 1).size()' } } }] });
    const value = { event_id: 'e', data: Array.from({ length: 300 }, () => 1) };
    await rules.prepare([dear], true);
    expect(run(rules, dear, value)).toMatchObject({ sum: 300 });
    expect(failures()).toBe(0);
    expect(run(rules, dear, value)).toBeUndefined();
    expect(failures()).toBe(1);
    expect(run(rules, { ...dear, tenant: 'other' }, value)).toMatchObject({ sum: 300 });
    clock.advance(5_000);
    expect(run(rules, dear, value)).toMatchObject({ sum: 300 });
  });

  it('follow what happens to their names, and stay while that cannot be asked for', async () => {
    const { rules, named, clock, setDown } = world();
    named.set('one', setting(1));
    await rules.prepare([ruleWith('one'), ruleWith('late')], false);
    let changes = 0;
    rules.watch(() => changes++);
    const pass = async () => {
      clock.advance(5_000);
      await settle(clock);
      return changes;
    };
    expect(await pass()).toBe(0);
    named.set('one', setting(2));
    named.set('late', setting(3));
    expect(await pass()).toBe(1);
    expect(run(rules, ruleWith('one'))).toMatchObject({ set: 2 });
    expect(run(rules, ruleWith('late'))).toMatchObject({ set: 3 });
    setDown(true);
    expect(await pass()).toBe(1);
    expect(run(rules, ruleWith('one'))).toMatchObject({ set: 2 });
    setDown(false);
    named.delete('one');
    expect(await pass()).toBe(2);
    expect(run(rules, ruleWith('one'))).toBeUndefined();
    rules.stop();
    named.clear();
    expect(await pass()).toBe(2);
  });
});
