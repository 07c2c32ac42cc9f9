import fc from 'fast-check';
import { evaluateFilter } from '../matching/matcher.js';
import { compileTopicPattern } from '../matching/topic-pattern.js';
import { arbitraryFilter, arbitraryTopic } from '../testing/arbitrary-selection.js';
import { isTenantName, qualifyFilter, qualifyPattern, qualifyTopic, tenantOf, unqualified } from './tenancy.js';

const tenant = fc.constantFrom('default', 't', 'u', 'a.b');
const path = fc
  .array(fc.constantFrom('a', 'b', '@t', '@u', '@default'), { minLength: 1, maxLength: 4 })
  .map((levels) => levels.join('/'));
const pattern = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', '+', '@t'), { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([levels, hasRest]) => [...levels, ...(hasRest ? ['#'] : [])].join('/'));

describe('the names of a tenant', () => {
  it('are marked, and plain for the default tenant', () => {
    expect(qualifyTopic('acme', 'monitoring/alerts')).toBe('@acme/monitoring/alerts');
    expect(qualifyTopic('default', 'monitoring/alerts')).toBe('monitoring/alerts');
    expect(qualifyPattern('acme', '#')).toBe('@acme/#');
  });

  it('come back as they were, with whose they are', () => {
    fc.assert(
      fc.property(tenant, path, (owner, name) => {
        expect(unqualified(qualifyTopic(owner, name))).toBe(name);
        expect(tenantOf(qualifyTopic(owner, name))).toBe(owner);
      }),
    );
  });

  it('never reach what belongs to another', () => {
    fc.assert(
      fc.property(tenant, tenant, path, pattern, (owner, other, name, asked) => {
        fc.pre(owner !== other);
        expect(qualifyTopic(owner, name)).not.toBe(qualifyTopic(other, name));
        expect(compileTopicPattern(qualifyPattern(other, asked)).matches(qualifyTopic(owner, name))).toBe(false);
      }),
    );
  });

  it('mean the same in a filter', () => {
    fc.assert(
      fc.property(fc.constantFrom('default', 't'), arbitraryFilter, arbitraryTopic, (owner, filter, topic) => {
        fc.pre(!topic.startsWith('@'));
        const reads = (name: string) => (attribute: string) => (attribute === 'topic' ? name : undefined);
        expect(evaluateFilter(qualifyFilter(owner, filter), reads(qualifyTopic(owner, topic)))).toBe(
          evaluateFilter(filter, reads(topic)),
        );
      }),
    );
  });

  it.each(['acme', 'a', 'A-1.b_c', 'x'.repeat(63)])('accept %s as a tenant', (name) => {
    expect(isTenantName(name)).toBe(true);
  });

  it.each(['', '-a', 'a/b', '+', '#', '@a', 'a b', 'x'.repeat(64)])('refuse %j as a tenant', (name) => {
    expect(isTenantName(name)).toBe(false);
  });
});
