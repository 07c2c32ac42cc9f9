import type { Alert, MonitoringEventInput } from '@distributary/contracts';
import type { HealthProblem, SubscriptionHealth } from '@distributary/distribution-core';
import { aDurableSubscription, FakeClock, settle } from '@distributary/distribution-core/testing';
import { SubscriptionHealthWatch } from './subscription-health-watch.js';

const PROBLEM: HealthProblem = { kind: 'lag', detail: 'the oldest is 90 s old', sinceMicros: 1_750_000_000_000_000 };

describe('the watch over subscriptions', () => {
  let clock: FakeClock;
  let told: MonitoringEventInput[];
  let subscriptions: ReturnType<typeof aDurableSubscription>[];
  let problems: HealthProblem[];
  let isOwned: boolean;
  let unreadable: string | undefined;
  let isReady: boolean;
  let looksAtUnowned: boolean;
  let active: Map<string, Alert>;
  let watch: SubscriptionHealthWatch;

  beforeEach(() => {
    clock = new FakeClock();
    told = [];
    subscriptions = [aDurableSubscription()];
    problems = [];
    isOwned = false;
    unreadable = undefined;
    isReady = true;
    looksAtUnowned = true;
    active = new Map();
    watch = new SubscriptionHealthWatch({
      subscriptions: { list: async () => subscriptions },
      health: {
        of: async (subscription) => {
          if (subscription.subscriptionId === unreadable) throw new Error('its log does not answer');
          return { subscription, problems, isOwned } as unknown as SubscriptionHealth;
        },
      },
      isLocal: () => false,
      looksAtUnowned: () => looksAtUnowned,
      alerts: {
        get isReady() {
          return isReady;
        },
        values: () => [...active.values()].map((alert) => ({ alert })),
      },
      outbox: { add: (events) => events.forEach(take) },
      clock,
      log: { warn: (event) => told.push({ event_id: event } as MonitoringEventInput) },
    });
    watch.start();
  });
  afterEach(() => watch.stop());

  /** What the log would say of them. */
  function take(event: MonitoringEventInput): void {
    told.push(event);
    const data = event.data as unknown as Alert & { status: string };
    if (data.status === 'resolved') active.delete(data.alert_id);
    else active.set(data.alert_id, { ...data, source_service: event.metadata.source_service });
  }

  async function round(): Promise<(string | undefined)[]> {
    told.length = 0;
    clock.advance(10_000);
    await settle(clock);
    return told.map((event) => event.event_id);
  }

  const ALERT_ID = /^alert_subscription_lag_[0-9a-f]{12}_20250615T150640000Z:/;

  it('says nothing of one that does well', async () => {
    expect(await round()).toEqual([]);
  });

  it('leaves what nobody receives to the process whose duty that is', async () => {
    problems = [PROBLEM];
    looksAtUnowned = false;
    expect(await round()).toEqual([]);
    looksAtUnowned = true;
    expect(await round()).toHaveLength(1);
    subscriptions = [];
    looksAtUnowned = false;
    expect(await round()).toEqual([]);
    looksAtUnowned = true;
    expect(await round()).toHaveLength(1);
  });

  it('raises an alert once and resolves it when it does well again', async () => {
    problems = [PROBLEM];
    expect(await round()).toEqual([expect.stringMatching(new RegExp(`${ALERT_ID.source}raised$`))]);
    expect(told[0].data).toMatchObject({
      service_name: 'billing-service',
      metric_name: 'subscription:billing',
      rule_id: 'subscription_lag',
      severity: 'WARNING',
    });
    expect(await round()).toEqual([]);
    problems = [];
    expect(await round()).toEqual([expect.stringMatching(new RegExp(`${ALERT_ID.source}resolved$`))]);
    expect(await round()).toEqual([]);
  });

  it('tells several things that are wrong apart', async () => {
    problems = [PROBLEM, { ...PROBLEM, kind: 'slow' }];
    expect(await round()).toHaveLength(2);
    problems = [PROBLEM];
    expect(await round()).toEqual([expect.stringContaining('subscription_slow')]);
  });

  it('resolves what was raised for one that is deleted', async () => {
    problems = [PROBLEM];
    await round();
    subscriptions = [];
    expect(await round()).toEqual([expect.stringMatching(/:resolved$/)]);
  });

  it('leaves one that another process delivers to that process', async () => {
    problems = [PROBLEM];
    isOwned = true;
    expect(await round()).toEqual([]);
  });

  it('waits until it is known which alerts are active', async () => {
    problems = [PROBLEM];
    isReady = false;
    expect(await round()).toEqual([]);
  });

  it('looks at the others where one cannot be looked at, and says that it could not', async () => {
    subscriptions = [aDurableSubscription({ subscriptionId: 'bad' }), aDurableSubscription()];
    unreadable = 'bad';
    problems = [PROBLEM];
    expect(await round()).toEqual([expect.stringMatching(ALERT_ID), 'schedule.failed']);
  });

  it('looks at many in turns', async () => {
    subscriptions = Array.from({ length: 450 }, (_, index) => aDurableSubscription({ subscriptionId: `s${index}` }));
    problems = [PROBLEM];
    expect(await round()).toHaveLength(200);
    expect(await round()).toHaveLength(200);
    expect(await round()).toHaveLength(50);
  });
});
