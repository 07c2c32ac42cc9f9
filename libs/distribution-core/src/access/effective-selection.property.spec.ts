import fc from 'fast-check';
import { BatchView } from '../matching/batch-view.js';
import { CompiledSelection } from '../matching/compiled-selection.js';
import { matchesRecord } from '../matching/matcher.js';
import type { Selection } from '../subscription/subscription.js';
import { arbitraryEvent, arbitraryFilter, arbitrarySelection } from '../testing/arbitrary-selection.js';
import { effectiveSelection } from './effective-selection.js';
import { LOCAL_PRINCIPAL } from './local-principal.js';
import { PermittedEvents, permittedToPublish } from './permitted-events.js';
import type { Permission, Principal } from './principal.js';
import { qualifyFilter, qualifySelection, qualifyTopic, unqualifiedSelection } from './tenancy.js';

const pattern = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', '+', 'dead-letters'), { maxLength: 2 }), fc.boolean())
  .map(([levels, hasRest]) => [...levels, ...(hasRest || levels.length === 0 ? ['#'] : [])].join('/'));
const permission: fc.Arbitrary<Permission> = fc.record({
  verbs: fc.constantFrom<Permission['verbs'][]>(['subscribe'], ['publish', 'subscribe'], ['read']),
  topicPattern: pattern,
  constraint: fc.option(arbitraryFilter, { nil: undefined }),
});
const principal: fc.Arbitrary<Principal> = fc.record({
  id: fc.constant('p'),
  kind: fc.constant('jwt' as const),
  tenant: fc.constantFrom('default', 't', 'u'),
  permissions: fc.array(permission, { maxLength: 4 }),
  expiresAtMicros: fc.constant(undefined),
});
const selection = fc
  .tuple(arbitrarySelection, fc.array(pattern, { minLength: 1, maxLength: 2 }))
  .map(([asked, topicPatterns]) => ({ ...asked, topicPatterns }));
const path = fc.constantFrom('a', 'b', 'a/b', 'b/a', 'a/b/a', 'dead-letters', 'a/dead-letters');
const reaches = (asked: Selection, topic: string) => new CompiledSelection(asked, new BatchView()).matchesTopic(topic);

describe('an effective selection', () => {
  it('picks what is asked for and permitted, of no other tenant', () => {
    fc.assert(
      fc.property(
        principal,
        selection,
        path,
        fc.constantFrom('default', 't', 'u'),
        arbitraryEvent,
        (who, asked, name, owner, event) => {
          const topic = qualifyTopic(owner, name);
          const isAsked =
            reaches(qualifySelection(who.tenant, asked), qualifyTopic(who.tenant, name)) &&
            matchesRecord(asked, name, event);
          const isDue = isAsked && new PermittedEvents(who, 'subscribe').includes(topic, event);
          let picks = false;
          try {
            const effective = effectiveSelection(who, 'subscribe', qualifySelection(who.tenant, asked));
            picks = reaches(effective, topic) && matchesRecord(effective, topic, event);
          } catch (error) {
            expect(error).toMatchObject({ code: 'auth.forbidden' });
          }
          expect(picks).toBe(isDue);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('is what was asked for, if everything is permitted', () => {
    fc.assert(
      fc.property(selection, (asked) => {
        const effective = effectiveSelection(LOCAL_PRINCIPAL, 'subscribe', qualifySelection('default', asked));
        expect(effective.filter).toEqual(
          asked.filter === undefined ? undefined : qualifyFilter('default', asked.filter),
        );
        expect(effective.keyPatterns).toEqual(asked.keyPatterns);
      }),
    );
    const asked = { topicPatterns: ['a/#', 'b'], keyPatterns: [], filter: undefined };
    expect(effectiveSelection(LOCAL_PRINCIPAL, 'read', asked)).toEqual(asked);
  });
});

describe("a selection in the catalog's names", () => {
  it('comes back in the words of its tenant', () => {
    fc.assert(
      fc.property(fc.constantFrom('default', 't'), selection, (tenant, asked) => {
        expect(unqualifiedSelection(qualifySelection(tenant, asked))).toEqual(asked);
      }),
    );
  });
});

describe('an effective selection, by example', () => {
  const critical = { op: 'eq', attribute: 'severity', value: 'CRITICAL' } as const;
  const who = (...permissions: Permission[]): Principal => ({ ...LOCAL_PRINCIPAL, tenant: 'acme', permissions });
  const everything = { topicPatterns: ['@acme/#'], keyPatterns: [], filter: undefined };

  it('has the constraint as its filter where all permissions have the same', () => {
    const limited = who(
      { verbs: ['subscribe'], topicPattern: 'alerts/#', constraint: critical },
      { verbs: ['subscribe'], topicPattern: 'incidents', constraint: critical },
    );
    expect(effectiveSelection(limited, 'subscribe', everything)).toEqual({
      topicPatterns: ['@acme/alerts/#', '@acme/incidents'],
      keyPatterns: [],
      filter: critical,
    });
  });

  it('says which topics a constraint is for where others have none', () => {
    const mixed = who(
      { verbs: ['subscribe'], topicPattern: 'metrics', constraint: undefined },
      { verbs: ['subscribe'], topicPattern: 'alerts/#', constraint: critical },
    );
    expect(effectiveSelection(mixed, 'subscribe', everything).filter).toEqual({
      op: 'or',
      filters: [
        { op: 'topic', patterns: ['@acme/metrics'] },
        { op: 'and', filters: [{ op: 'topic', patterns: ['@acme/alerts/#'] }, critical] },
      ],
    });
  });

  it('is not narrowed by a constraint on what another permission has without one', () => {
    const wide = who(
      { verbs: ['subscribe'], topicPattern: '#', constraint: undefined },
      { verbs: ['subscribe'], topicPattern: 'alerts/#', constraint: critical },
    );
    expect(effectiveSelection(wide, 'subscribe', everything)).toEqual({ ...everything, topicPatterns: ['@acme/#'] });
  });

  it('keeps a topic of dead letters that is asked for by name beside a wildcard, which does not reach it', () => {
    const asked = { ...everything, topicPatterns: ['@acme/#', '@acme/svc/dead-letters'] };
    const all = who({ verbs: ['subscribe'], topicPattern: '#', constraint: undefined });
    expect(effectiveSelection(all, 'subscribe', asked)).toEqual(asked);
  });

  it('has no topic of dead letters that only a wildcard asks for, though its name is permitted', () => {
    const named: Permission = { verbs: ['subscribe'], topicPattern: 'svc/dead-letters', constraint: undefined };
    const more = who(named, { verbs: ['subscribe'], topicPattern: 'alerts', constraint: undefined });
    expect(effectiveSelection(more, 'subscribe', everything).topicPatterns).toEqual(['@acme/alerts']);
    expect(() => effectiveSelection(who(named), 'subscribe', everything)).toThrow(
      expect.objectContaining({ code: 'auth.forbidden' }),
    );
  });

  it('is refused if nothing at all is permitted', () => {
    const reader = who({ verbs: ['read'], topicPattern: '#', constraint: undefined });
    expect(() => effectiveSelection(reader, 'subscribe', everything)).toThrow(
      expect.objectContaining({ code: 'auth.forbidden' }),
    );
  });
});

describe('publishing', () => {
  const record = {
    eventId: 'e',
    timeMicros: 0,
    routingKey: 'k',
    attributes: { service: 'billing' },
    value: Buffer.from('{}'),
  };
  const who: Principal = {
    ...LOCAL_PRINCIPAL,
    tenant: 'acme',
    permissions: [
      { verbs: ['publish'], topicPattern: 'metrics', constraint: { op: 'eq', attribute: 'service', value: 'billing' } },
    ],
  };

  it('is for topics and attributes that are permitted', () => {
    expect(permittedToPublish(who, [{ topic: 'metrics', record }])).toEqual([{ topic: '@acme/metrics', record }]);
  });

  it('is refused with every event that is not', () => {
    const events = [
      { topic: 'metrics', record: { ...record, attributes: { service: 'other' } } },
      { topic: 'metrics', record },
      { topic: 'alerts', record },
    ];
    expect(() => permittedToPublish(who, events)).toThrow(
      expect.objectContaining({
        code: 'auth.forbidden',
        problems: [
          { path: 'events[0]', rule: 'must be one that you may publish to metrics' },
          { path: 'events[2]', rule: 'must be one that you may publish to alerts' },
        ],
      }),
    );
  });

  it('never reaches another tenant by naming it', () => {
    const all = { ...LOCAL_PRINCIPAL };
    expect(() => permittedToPublish(all, [{ topic: '@acme/metrics', record }])).toThrow('permission to publish');
    expect(new PermittedEvents(all, 'publish').includes('@acme/metrics', record)).toBe(false);
  });
});
