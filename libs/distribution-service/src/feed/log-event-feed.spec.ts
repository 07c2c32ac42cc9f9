import { brokerNameOf, DistributionError, type Log, noMetrics, TopicDirectory } from '@distributary/distribution-core';
import {
  aTopic,
  events,
  FakeClock,
  InMemoryLog,
  InMemoryTopicCatalog,
  until,
} from '@distributary/distribution-core/testing';
import { SystemClock } from '@distributary/distribution-nest';
import { LogEventFeed } from './log-event-feed.js';

const TOPICS = ['monitoring/alerts/critical', 'monitoring/alerts/warning', 'monitoring/slo'].map((name) =>
  aTopic(name, { brokerName: brokerNameOf(name), partitions: 2 }),
);

describe('the feed of the service itself', () => {
  const clock = new SystemClock();
  const log = new InMemoryLog({ clock });
  const directory = new TopicDirectory({
    catalog: new InMemoryTopicCatalog({ clock }),
    log,
    clock,
    metrics: noMetrics,
    onError: () => undefined,
  });
  beforeAll(() => directory.start(TOPICS));
  afterAll(async () => {
    directory.stop();
    await log.close();
  });
  const publish = (prefix: string) =>
    log.append([{ topic: 'monitoring.alerts.critical', partition: 0, records: events(2, prefix) }]);

  it('tells what is kept, that it was all, and then what comes', async () => {
    const errors: unknown[] = [];
    const feed = new LogEventFeed(log, directory, clock, (error) => errors.push(error));
    const seen: string[] = [];
    const consumer = (name: string) => ({
      apply: (batch: { eventIds: readonly string[] }) => void seen.push(...batch.eventIds.map((id) => `${name} ${id}`)),
      ready: () => void seen.push(`${name} ready`),
    });
    await publish('old');
    const stops = [
      feed.subscribe({ patterns: ['monitoring/alerts/#'], start: 'earliest', consumer: consumer('all') }),
      feed.subscribe({ patterns: ['monitoring/alerts/#'], start: 'latest', consumer: consumer('new') }),
    ];
    await until('both to be ready', () => seen.filter((line) => line.endsWith('ready')).length === 2);
    await publish('late');
    await until('the late events', () => seen.filter((line) => line.includes('late-2')).length === 2);
    expect(seen.filter((line) => line.startsWith('all'))).toEqual([
      'all old-1',
      'all old-2',
      'all ready',
      'all late-1',
      'all late-2',
    ]);
    expect(seen.filter((line) => line.startsWith('new'))).toEqual(['new ready', 'new late-1', 'new late-2']);
    await Promise.all(stops.map((stop) => stop()));
    await publish('after');
    expect(errors).toEqual([]);
    expect(seen.some((line) => line.includes('after'))).toBe(false);
  });

  it('tells of topics that appear later from their first event, and of other tenants if that is asked for', async () => {
    const seen: string[] = [];
    const consumer = (name: string) => ({
      apply: ({ count }: { count: number }, topic: string) => void seen.push(`${name} ${topic} ${count}`),
      ready: () => void seen.push(`${name} ready`),
    });
    const feed = new LogEventFeed(log, directory, clock, () => undefined);
    const request = { patterns: ['later/#'], start: 'latest' as const };
    const stops = [
      feed.subscribe({ ...request, consumer: consumer('own') }),
      feed.subscribe({ ...request, allTenants: true, consumer: consumer('all') }),
    ];
    await until('both to be ready', () => seen.length === 2);
    for (const [name, tenant] of [
      ['later/a', 'default'],
      ['@acme/later/a', 'acme'],
    ]) {
      const brokerName = `${tenant}.later.a`;
      await directory.create({ ...TOPICS[0], name, tenant, brokerName, partitions: 1 });
      await log.append([{ topic: brokerName, partition: 0, records: events(1, tenant) }]);
    }
    await until('all of it', () => seen.length === 5);
    expect([...seen].sort()).toEqual([
      'all @acme/later/a 1',
      'all later/a 1',
      'all ready',
      'own later/a 1',
      'own ready',
    ]);
    await directory.delete('later/a', () => undefined);
    await Promise.all(stops.map((stop) => stop()));
  });

  it('says when it has what the log holds, each event once', async () => {
    const feed = new LogEventFeed(log, directory, clock, () => undefined);
    const seen: string[] = [];
    const stop = feed.subscribe({
      patterns: ['monitoring/alerts/warning'],
      start: 'earliest',
      consumer: { apply: ({ eventIds }) => void seen.push(...eventIds), ready: () => undefined },
    });
    const append = (prefix: string, count: number) =>
      log.append([{ topic: 'monitoring.alerts.warning', partition: 1, records: events(count, prefix) }]);
    const { signal } = new AbortController();
    await append('one', 2);
    await feed.caughtUp(signal);
    expect(seen).toEqual(['one-1', 'one-2']);
    await append('one', 3);
    await append('one', 1);
    await append('two', 1);
    await feed.caughtUp(signal);
    expect(seen).toEqual(['one-1', 'one-2', 'one-3', 'two-1']);
    await stop();
    await expect(feed.caughtUp(AbortSignal.abort())).resolves.toBeUndefined();
  });

  it('begins later when the broker does not answer at first', async () => {
    const errors: unknown[] = [];
    const feed = new LogEventFeed(log, directory, clock, (error) => errors.push(error));
    log.setOutage(true);
    let isReady = false;
    const stop = feed.subscribe({
      patterns: ['monitoring/slo'],
      start: 'earliest',
      consumer: { apply: () => undefined, ready: () => void (isReady = true) },
    });
    await until('the failure', () => errors.length > 0);
    log.setOutage(false);
    await until('the feed', () => isReady);
    await stop();
    log.setOutage(true);
    const other = feed.subscribe({
      patterns: ['monitoring/slo'],
      start: 'latest',
      consumer: { apply: () => undefined, ready: () => undefined },
    });
    await other();
    log.setOutage(false);
  });

  it('follows each lane once, however often a topic beside it could not be opened', async () => {
    const failing = log.reopen();
    let failures = 0;
    const tails: string[] = [];
    const parts: Partial<Log> = {
      ends: (topic) => {
        if (!topic.endsWith('warning') || failures >= 3) return log.ends(topic);
        failures++;
        return Promise.reject(new DistributionError('broker.unavailable', 'the topic has no leader'));
      },
      tail: (start, options) => {
        tails.push(`${start.topic} ${start.partition}`);
        return log.tail(start, options);
      },
    };
    const feedClock = new FakeClock();
    const errors: unknown[] = [];
    const feed = new LogEventFeed(Object.assign(failing, parts), directory, feedClock, (error) => errors.push(error));
    const seen: string[] = [];
    const stop = feed.subscribe({
      patterns: ['monitoring/alerts/#'],
      start: 'latest',
      consumer: { apply: ({ eventIds }) => void seen.push(...eventIds), ready: () => void seen.push('ready') },
    });
    for (let count = 1; count <= 3; count++) {
      await until(`failure ${count}`, () => errors.length === count && feedClock.pendingAlarms > 0);
      feedClock.advance(1_000);
    }
    await until('the feed', () => seen.length > 0);
    await publish('once');
    await until('the events', () => seen.includes('once-2'));
    await stop();
    expect([...tails].sort()).toEqual(
      ['critical 0', 'critical 1', 'warning 0', 'warning 1'].map((lane) => `monitoring.alerts.${lane}`),
    );
    expect(seen).toEqual(['ready', 'once-1', 'once-2']);
  });

  it('ends although a lane that it waits for cannot be read', async () => {
    await publish('unread');
    let tries = 0;
    const parts: Partial<Log> = {
      tail: () => {
        tries++;
        throw new DistributionError('broker.unavailable', 'the lane cannot be read');
      },
    };
    const feed = new LogEventFeed(Object.assign(log.reopen(), parts), directory, clock, () => undefined);
    const stop = feed.subscribe({
      patterns: ['monitoring/alerts/critical'],
      start: 'earliest',
      consumer: { apply: () => undefined, ready: () => undefined },
    });
    await until('an attempt', () => tries > 0);
    let isStopped = false;
    void stop().then(() => (isStopped = true));
    await until('the end', () => isStopped);
  });
});
