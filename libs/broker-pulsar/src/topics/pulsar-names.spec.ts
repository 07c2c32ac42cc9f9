import { PulsarNames } from './pulsar-names.js';

describe('what Pulsar calls a subscription of ours', () => {
  const names = new PulsarNames('public', 'distributary');

  it('is good for a path whatever its name is, and differs when that does', () => {
    const ours = ['billing.1a', 'billing_1a', '@acme/billing', 'größe', '_40acme', '@acme'];
    const theirs = ours.map((name) => names.subscription(name));
    for (const name of theirs) expect(name).toMatch(/^distributary\.[A-Za-z0-9._-]+$/);
    expect(theirs[0]).toBe('distributary.billing.1a');
    expect(new Set(theirs).size).toBe(ours.length);
  });
});
