import type { RoutingRuleStore } from '../ports/routing-rule-store.port.js';
import type { RoutingRule } from '../routing/rules/routing-rule.js';
import { aRule as ruleOf } from './a-rule.js';
import { until } from './until.js';

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const aRule = (n: number, options: Partial<RoutingRule> = {}) => ruleOf({ id: id(n), name: `rule-${n}`, ...options });
const accept = () => undefined;

/** What every {@link RoutingRuleStore} keeps. `create` gives an empty one. */
export function describeRoutingRuleStoreContract(name: string, create: () => Promise<RoutingRuleStore>): void {
  describe(`${name} as a store of routing rules`, () => {
    let store: RoutingRuleStore;
    beforeEach(async () => {
      store = await create();
    });

    const add = (...rules: RoutingRule[]) =>
      store.change(
        rules.map((rule) => ({ kind: 'create', rule })),
        accept,
      );

    it('gives rules back as they were made, whatever they say', async () => {
      const least = aRule(1);
      const most = aRule(2, {
        tenant: 'acme',
        keyPattern: '*.alert.#',
        condition: {
          op: 'and',
          filters: [
            { op: 'eq', attribute: 'severity', value: 'CRITICAL' },
            { op: 'range', attribute: 'data.n', gt: 1.5 },
          ],
        },
        routingKeyTemplate: '${service}.x',
        setAttributes: { team: 'ops', level: 3, paged: true },
        setPriority: 2,
        transformation: { redact: ['data.secret'] },
        mode: 'move',
        next: 'stop',
        priority: 7,
        enabled: false,
      });
      const named = aRule(3, { transformation: 'some-id' });
      await add(least, most, named);
      const { rules } = await store.list();
      expect([...rules].sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([least, most, named]);
    });

    it('keeps the fields of a transformation in their order, which counts', async () => {
      const transformation = { steps: [{ map: { 'data.longer': { value: 1 }, data: { value: {} } } }] };
      await add(aRule(1, { transformation }));
      const { rules } = await store.list();
      expect(JSON.stringify(rules[0].transformation)).toBe(JSON.stringify(transformation));
    });

    it('raises its version with each change, and tells the new rules', async () => {
      const before = await store.version();
      const created = await add(aRule(1));
      expect(created.version).toBeGreaterThan(before);
      expect(created.rules).toEqual([aRule(1)]);
      const changed = await store.change([{ kind: 'replace', rule: aRule(1, { priority: 9 }), revision: 1 }], accept);
      expect(changed.version).toBeGreaterThan(created.version);
      expect(changed.rules).toEqual([aRule(1, { priority: 9, revision: 2 })]);
      const deleted = await store.change([{ kind: 'delete', id: id(1), revision: 2 }], accept);
      expect(deleted).toEqual({ version: await store.version(), rules: [] });
      expect(await store.list()).toEqual(deleted);
    });

    it('changes everything or nothing', async () => {
      await add(aRule(1));
      const version = await store.version();
      await expect(
        store.change(
          [
            { kind: 'delete', id: id(1), revision: 1 },
            { kind: 'delete', id: id(2), revision: 1 },
          ],
          accept,
        ),
      ).rejects.toMatchObject({ code: 'rule.not_found' });
      expect(await store.list()).toEqual({ version, rules: [aRule(1)] });
    });

    it('shows the check what would be, and changes nothing if that is refused', async () => {
      await add(aRule(1));
      const shown: unknown[] = [];
      const refusal = new Error('no');
      const check = (rules: readonly RoutingRule[]) => {
        shown.push(rules.map((rule) => rule.name).sort());
        throw refusal;
      };
      await expect(store.change([{ kind: 'create', rule: aRule(2) }], check)).rejects.toBe(refusal);
      expect(shown).toEqual([['rule-1', 'rule-2']]);
      expect((await store.list()).rules).toHaveLength(1);
    });

    it('refuses a name that the tenant has, and gives it to another tenant', async () => {
      await add(aRule(1), aRule(2, { name: 'rule-1', tenant: 'acme' }));
      await expect(add(aRule(3, { name: 'rule-1' }))).rejects.toMatchObject({ code: 'rule.exists' });
    });

    it('refuses a change that was made from another revision', async () => {
      await add(aRule(1));
      const edit = { kind: 'replace', rule: aRule(1, { priority: 2 }), revision: 1 } as const;
      await store.change([edit], accept);
      await expect(store.change([edit], accept)).rejects.toMatchObject({ code: 'precondition.failed' });
      await expect(store.change([{ kind: 'delete', id: id(1), revision: 1 }], accept)).rejects.toMatchObject({
        code: 'precondition.failed',
      });
    });

    it('lets one of two that change a rule at once win', async () => {
      await add(aRule(1));
      const changes = [2, 3].map((priority) =>
        store.change([{ kind: 'replace', rule: aRule(1, { priority }), revision: 1 }], accept),
      );
      const outcomes = await Promise.allSettled(changes);
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    });

    it('never lets two changes pass whose sum the check refuses', async () => {
      const atMostOne = (rules: readonly RoutingRule[]) => {
        if (rules.length > 1) throw new Error('too many');
      };
      const changes = [1, 2].map((n) => store.change([{ kind: 'create', rule: aRule(n) }], atMostOne));
      const outcomes = await Promise.allSettled(changes);
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    });

    it('tells those who watch of a change, until they leave', async () => {
      let told = 0;
      const leave = await store.watch(() => told++);
      await add(aRule(1));
      await until('told', () => told > 0);
      await leave();
      const before = told;
      await add(aRule(2));
      expect(told).toBe(before);
    });
  });
}
