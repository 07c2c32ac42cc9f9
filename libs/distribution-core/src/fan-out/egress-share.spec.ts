import fc from 'fast-check';
import { FakeClock } from '../testing/fake-clock.js';
import { EgressShare } from './egress-share.js';

const BUDGET = 1_000_000;

interface Sender {
  readonly tenant: string;
  /** Of each frame that it sends. */
  readonly frameBytes: number;
}

/** Tenants that always have something to send, asked in the given order each time that it is worth while. */
function run(share: EgressShare, clock: FakeClock, senders: readonly Sender[], ms: number): Map<string, number> {
  const sent = new Map(senders.map(({ tenant }) => [tenant, 0]));
  const endMs = clock.monotonicMs() + ms;
  while (clock.monotonicMs() < endMs) {
    for (const { tenant, frameBytes } of senders) {
      if (!share.mayFlush(tenant)) continue;
      share.sent(tenant, frameBytes);
      sent.set(tenant, (sent.get(tenant) ?? 0) + frameBytes);
    }
    clock.advance(share.waitMs());
  }
  return sent;
}

describe('the share of the egress', () => {
  it('holds nobody back while there is enough', () => {
    const clock = new FakeClock();
    const share = new EgressShare({ clock, bytesPerSecond: undefined, quotaOf: () => undefined });
    for (let index = 0; index < 1_000; index++) {
      expect(share.mayFlush('a')).toBe(true);
      share.sent('a', 10_000_000);
    }
  });

  it('keeps within the budget in the long run', () => {
    const clock = new FakeClock();
    const share = new EgressShare({ clock, bytesPerSecond: BUDGET, quotaOf: () => undefined });
    const sent = run(share, clock, Array<Sender>(50).fill({ tenant: 'a', frameBytes: 3_000 }), 10_000);
    expect(sent.get('a')).toBeGreaterThan(9.5 * BUDGET);
    expect(sent.get('a')).toBeLessThan(10.3 * BUDGET);
  });

  it('gives all the same, whatever the size of their frames and their place in the round', () => {
    const frames = fc.array(fc.integer({ min: 10, max: 200_000 }), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(frames, (sizes) => {
        const clock = new FakeClock();
        const share = new EgressShare({ clock, bytesPerSecond: BUDGET, quotaOf: () => undefined });
        // Enough of them that small frames can use up what they get: at once, that is at most a tenth of a second's budget.
        const senders = sizes.flatMap((frameBytes, index) =>
          Array.from({ length: Math.ceil(BUDGET / 10 / frameBytes) }, () => ({ tenant: `t${index}`, frameBytes })),
        );
        const sent = [...run(share, clock, senders, 10_000).values()];
        const fair = (BUDGET * 10) / sizes.length;
        for (const bytes of sent) expect(Math.abs(bytes - fair)).toBeLessThan(fair * 0.1 + 2 * 200_000);
      }),
      { numRuns: 8 },
    );
  });

  it('gives who asks for little what it asks for, soon, beside one that asks for everything', () => {
    const clock = new FakeClock();
    const share = new EgressShare({ clock, bytesPerSecond: BUDGET, quotaOf: () => undefined });
    const greedy = { tenant: 'greedy', frameBytes: 20_000 };
    run(share, clock, Array<Sender>(50).fill(greedy), 2_000);
    const askedAtMs = clock.monotonicMs();
    while (!share.mayFlush('modest')) run(share, clock, Array<Sender>(50).fill(greedy), 1);
    expect(clock.monotonicMs() - askedAtMs).toBeLessThan(200);
  });

  it('keeps a tenant to its quota, and gives the rest to the others', () => {
    const clock = new FakeClock();
    const quotaOf = (tenant: string) => (tenant === 'small' ? BUDGET / 10 : undefined);
    const share = new EgressShare({ clock, bytesPerSecond: BUDGET, quotaOf });
    const senders = ['small', 'large'].flatMap((tenant) => Array<Sender>(100).fill({ tenant, frameBytes: 5_000 }));
    const sent = run(share, clock, senders, 10_000);
    expect(sent.get('small')).toBeLessThan(1.2 * BUDGET);
    expect(sent.get('small')).toBeGreaterThan(0.8 * BUDGET);
    expect(sent.get('large')).toBeGreaterThan(8 * BUDGET);
  });

  it('keeps a tenant to its quota without a budget of the process', () => {
    const clock = new FakeClock();
    let seen = 0;
    const onSent = (_tenant: string, bytes: number) => (seen += bytes);
    const share = new EgressShare({ clock, bytesPerSecond: undefined, quotaOf: () => BUDGET, onSent });
    const sent = run(share, clock, Array<Sender>(50).fill({ tenant: 'a', frameBytes: 4_000 }), 5_000);
    expect(sent.get('a')).toBeLessThan(5.3 * BUDGET);
    expect(sent.get('a')).toBeGreaterThan(4.5 * BUDGET);
    expect(seen).toBe(sent.get('a'));
    share.forget('a');
    share.forget('a');
    expect(share.waitMs()).toBe(1_000);
  });
});
