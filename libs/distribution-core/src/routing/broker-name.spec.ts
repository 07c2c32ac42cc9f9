import { brokerNameOf } from './broker-name.js';

describe('the broker name of a topic', () => {
  it.each([
    ['monitoring/alerts/critical', undefined, 'monitoring.alerts.critical'],
    ['monitoring/alerts.critical', undefined, 'monitoring.alerts_2ecritical'],
    ['a_b/ü', undefined, 'a_5fb._c3_bc'],
    ['quotes', 'acme.eu', 'acme_2eeu.quotes'],
  ])('of %s for tenant %s is %s', (topic, tenant, expected) => {
    expect(brokerNameOf(topic, tenant)).toBe(expected);
  });
});
