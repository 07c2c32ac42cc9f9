import fc from 'fast-check';
import { matchesRecord } from '../matching/matcher.js';
import type { Selection } from '../subscription/subscription.js';
import { principalOf, type Sent, TENANTS, TenantWorld } from '../testing/tenant-world.js';
import { PermittedEvents } from './permitted-events.js';
import type { Permission, Principal } from './principal.js';
import { qualifySelection, unqualified } from './tenancy.js';

const PATHS = ['a', 'a/b', 'b'];
const LATER = 'b/c';

const tenant = fc.constantFrom(...TENANTS);
const pattern = fc.constantFrom('#', 'a/#', '+', 'b', 'a/+', 'b/#', '+/c');
const constraint: fc.Arbitrary<Permission['constraint']> = fc.constantFrom(
  undefined,
  undefined,
  { op: 'eq', attribute: 'severity', value: 'high' },
  { op: 'not', filter: { op: 'eq', attribute: 'severity', value: 'high' } },
  { op: 'range', attribute: 'data.n', gte: 5 },
  { op: 'eq', attribute: 'topic', value: 'a' },
);
const permission = fc.record({
  verbs: fc.constantFrom<Permission['verbs'][]>(['subscribe'], ['subscribe', 'read'], ['read']),
  topicPattern: pattern,
  constraint,
});
const permissions = fc.array(permission, { minLength: 1, maxLength: 3 });
const selection: fc.Arbitrary<Selection> = fc.record({
  topicPatterns: fc.array(pattern, { minLength: 1, maxLength: 2 }),
  keyPatterns: fc.constant([]),
  filter: fc.constantFrom(undefined, { op: 'exists', attribute: 'severity' } as const),
});
const reader = fc.record({ tenant, permissions, selection, changedTo: fc.option(permissions, { nil: undefined }) });
const event = fc.record({
  tenant,
  path: fc.constantFrom(...PATHS, LATER),
  severity: fc.constantFrom('high', 'low', undefined),
  n: fc.integer({ min: 0, max: 9 }),
});

/** What somebody is due, by the words of the permissions and of the selection alone. */
function due(who: Principal, asked: Selection, events: readonly Sent[]): string[] {
  const permitted = new PermittedEvents(who, 'subscribe');
  return events
    .filter(
      ({ topic, record }) => permitted.includes(topic, record) && matchesRecord(asked, unqualified(topic), record),
    )
    .map(({ record }) => record.eventId);
}

describe('over all tenants and permissions', () => {
  it('everybody receives what is permitted and asked for, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(reader, { minLength: 1, maxLength: 5 }),
        fc.array(event, { minLength: 1, maxLength: 12 }),
        fc.array(event, { minLength: 1, maxLength: 8 }),
        async (readers, before, after) => {
          const world = new TenantWorld();
          await world.addTopics(PATHS);
          const open = readers.map(({ tenant: owner, permissions: permitted, selection: asked, changedTo }) => {
            const principal = principalOf(owner, permitted);
            return { ...world.session(principal), principal, asked, changedTo, owner, isRefused: false };
          });
          for (const one of open) {
            const subscribing = one.session.subscribe({
              id: 's',
              selection: qualifySelection(one.owner, one.asked),
              start: { at: 'latest' },
              slowPolicy: 'block',
              maxRate: undefined,
              credit: undefined,
            });
            await world.finish(subscribing).catch((error: { code: string }) => {
              expect(['auth.forbidden', 'topic.not_found']).toContain(error.code);
              one.isRefused = true;
            });
          }
          const existing = before.filter(({ path }) => path !== LATER);
          const first = await world.publish(existing);
          // Topics that appear later are covered by the same rule.
          await world.addTopics([LATER]);
          const second = await world.publish(before.filter(({ path }) => path === LATER));
          const byFirst = open.map((one) => due(one.principal, one.asked, [...first, ...second]));
          for (const one of open) {
            if (one.changedTo === undefined) continue;
            await world.finish(one.session.changePrincipal(principalOf(one.owner, one.changedTo)));
          }
          const third = await world.publish(after);
          open.forEach((one, index) => {
            const received = one.outlet
              .of('data')
              .flatMap((payload) => (payload.events ?? []).map(({ event_id }) => event_id));
            const now = one.changedTo === undefined ? one.principal : principalOf(one.owner, one.changedTo);
            const isEnded = one.isRefused || one.outlet.of('error').length > 0;
            const expected = [...(one.isRefused ? [] : byFirst[index]), ...(isEnded ? [] : due(now, one.asked, third))];
            // A wider permission goes on from the last position that was told: what lay behind it unseen may come, too.
            const allowed = new Set([...expected, ...due(now, one.asked, [...first, ...second])]);
            expect(expected.filter((id) => !received.includes(id))).toEqual([]);
            expect(received.filter((id) => !allowed.has(id))).toEqual([]);
            expect(new Set(received).size).toBe(received.length);
            expect(one.outlet.chainBreaks()).toEqual([]);
          });
          await world.fanOut.stop();
          await world.log.close();
        },
      ),
      { numRuns: 100 },
    );
  }, 120_000);
});
