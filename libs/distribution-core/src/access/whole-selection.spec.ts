import { principalOf } from '../testing/tenant-world.js';
import type { Permission } from './principal.js';
import { requireWholeSelection } from './whole-selection.js';

const everything: Permission = { verbs: ['subscribe'], topicPattern: '#', constraint: undefined };
const high = { op: 'eq', attribute: 'severity', value: 'high' } as const;
const selecting = (...topicPatterns: string[]) => ({ topicPatterns, keyPatterns: [], filter: undefined });
const refusal = expect.objectContaining({ code: 'auth.forbidden' });

describe('the selection of a shared subscription', () => {
  it.each([
    [['@t/alerts/#', '@t/alerts/critical']],
    [['@t/alerts/+', '@t/alerts/#', '@t/alerts/#']],
    [['@t/#', '@t/svc/dead-letters']],
  ])('is permitted whole, whether or not its patterns overlap: %j', (patterns) => {
    requireWholeSelection(principalOf('t', [everything]), selecting(...patterns));
  });

  it('is refused if a pattern of it is permitted in part, or only some events are', () => {
    const alerts = principalOf('t', [{ ...everything, topicPattern: 'alerts/#' }]);
    requireWholeSelection(alerts, selecting('@t/alerts/#', '@t/alerts/critical'));
    for (const patterns of [['@t/#'], ['@t/#', '@t/alerts/#'], ['@t/alerts/#', '@t/incidents']]) {
      expect(() => requireWholeSelection(alerts, selecting(...patterns))).toThrow(refusal);
    }
    const some = principalOf('t', [{ ...everything, constraint: high }]);
    expect(() => requireWholeSelection(some, selecting('@t/alerts/#', '@t/alerts/critical'))).toThrow(refusal);
  });
});
