import fc from 'fast-check';
import type { DistributionError } from '../errors/distribution-error.js';
import { arbitraryFilter } from '../testing/arbitrary-selection.js';
import { apiKeyText, parseApiKey } from './api-key-text.js';
import { parsePermissions, permissionToJson } from './permission-json.js';
import type { Permission } from './principal.js';

const problemsOf = (value: unknown): Record<string, string> => {
  try {
    parsePermissions(value);
    return {};
  } catch (error) {
    return Object.fromEntries((error as DistributionError).problems.map(({ path, rule }) => [path, rule]));
  }
};

describe('permissions as JSON', () => {
  it('come back as they were', () => {
    const permission: fc.Arbitrary<Permission> = fc.record({
      verbs: fc.uniqueArray(fc.constantFrom('read', 'publish', 'manage'), { minLength: 1 }),
      topicPattern: fc.constantFrom('#', 'a/+', 'a'),
      constraint: fc.option(arbitraryFilter, { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(permission, { maxLength: 5 }), (permissions) => {
        const text = JSON.stringify(permissions.map(permissionToJson));
        expect(parsePermissions(JSON.parse(text))).toEqual(permissions);
      }),
    );
  });

  it('are for every topic and event if they do not say which', () => {
    expect(parsePermissions([{ verbs: ['read', 'read'] }])).toEqual([
      { verbs: ['read'], topicPattern: '#', constraint: undefined },
    ]);
    expect(parsePermissions([{ verbs: ['read'], constraint: null }])[0].constraint).toBeUndefined();
  });

  it('take a constraint as CEL text', () => {
    expect(parsePermissions([{ verbs: ['read'], constraint: 'price > 5' }])[0].constraint).toEqual({
      op: 'range',
      attribute: 'price',
      gt: 5,
    });
  });

  it('are refused with every problem', () => {
    expect(problemsOf('x')).toEqual({ permissions: 'must be a list of permissions' });
    expect(problemsOf(Array.from({ length: 101 }, () => ({ verbs: ['read'] })))).toEqual({
      permissions: 'must have at most 100 permissions',
    });
    const problems = problemsOf([
      7,
      { verbs: [], topic_pattern: 'a/#/b' },
      { verbs: ['fly'], constraint: { op: 'topic', patterns: ['#'] }, more: 1 },
    ]);
    expect(Object.keys(problems).sort()).toEqual([
      'permissions[0]',
      'permissions[0].verbs',
      'permissions[1].topic_pattern',
      'permissions[1].verbs',
      'permissions[2].constraint.op',
      'permissions[2].more',
      'permissions[2].verbs',
    ]);
  });
});

describe('the text of a key', () => {
  const secret = 's'.repeat(43);

  it('says which key it is', () => {
    expect(parseApiKey(apiKeyText('abc12345', secret))).toEqual({ id: 'abc12345', secret });
    expect(parseApiKey(`dk_abc12345_${'_'.repeat(43)}`)?.secret).toBe('_'.repeat(43));
  });

  it.each([
    '',
    'dk_',
    `dk_ABC12345_${secret}`,
    `dk_abc12345_${secret}x`,
    `dk_abc12345_${secret.slice(1)}`,
    `xdk_abc12345_${secret}`,
  ])('is not %j', (text) => {
    expect(parseApiKey(text)).toBeUndefined();
  });
});
