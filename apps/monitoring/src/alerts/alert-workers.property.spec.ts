import type { MonitoringEventInput } from '@distributary/contracts';
import { type DutyStanding, noMetrics } from '@distributary/distribution-core';
import { FakeClock } from '@distributary/distribution-core/testing';
import fc from 'fast-check';
import { Announcements } from '../duties/announcements.js';
import { isoOfMicros } from '@distributary/distribution-service';
import { batchOf } from '../testing/published-events.js';
import { ActiveAlerts } from './active-alerts.js';
import { AlertEvaluator } from './alert-evaluator.js';
import type { AlertRule } from './alert-rule.js';

const clock = new FakeClock();
const START = clock.nowMicros();
const RULE: AlertRule = {
  id: 'busy',
  metric: 'cpu.utilization',
  comparison: 'above',
  threshold: 0.9,
  clear: 0.8,
  severity: 'WARNING',
  forMs: 2_000,
  summary: 'busy',
};

const figure = (value: number, second: number): MonitoringEventInput => ({
  timestamp: isoOfMicros(START + second * 1e6),
  data_type: 'METRICS',
  data: { service_name: 'billing', metric_name: 'cpu.utilization', current_value: value },
  metadata: { source_service: 'probe' },
});

/** One worker: what it has read of the figures and of the alerts, which are two logs that it follows at its own pace. */
function aWorker(figuresFrom: number, say: (event: MonitoringEventInput) => void) {
  const duty: { standing: DutyStanding } = { standing: 'waiting' };
  const alerts = new ActiveAlerts();
  const outbox = { add: (events: readonly MonitoringEventInput[]) => events.forEach(say) };
  const announcements = new Announcements({ duty, outbox, clock, metrics: noMetrics });
  const evaluator = new AlertEvaluator([RULE], alerts, announcements, clock);
  alerts.ready();
  const readAlert = (event: MonitoringEventInput) => {
    const batch = batchOf(clock, event);
    alerts.apply(batch);
    announcements.apply(batch);
  };
  const readFigure = (event: MonitoringEventInput) => evaluator.apply(batchOf(clock, event));
  const take = () => {
    duty.standing = 'held';
    announcements.taken();
  };
  return { duty, readAlert, readFigure, take, figuresRead: figuresFrom, alertsRead: 0 };
}

type Worker = ReturnType<typeof aWorker>;
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('figure' as const), value: fc.constantFrom(0.5, 0.85, 0.95) }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('read' as const),
        who: fc.nat(3),
        what: fc.constantFrom('figures' as const, 'alerts' as const),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('die' as const), isMute: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('join' as const) }) },
  ),
  { minLength: 10, maxLength: 80 },
);

/** Dedupes as readers do; what a dead holder had in its outbox may be lost. */
class World {
  readonly figures: MonitoringEventInput[] = [];
  readonly alerts: MonitoringEventInput[] = [];
  readonly workers: Worker[] = [];
  isMute = false;

  constructor() {
    this.join();
    this.join();
    this.workers[0].take();
  }

  join(): void {
    if (this.workers.length >= 3) return;
    const worker = aWorker(this.figures.length, (event) => this.say(event));
    // Who begins reads all alerts first, as `LogEventFeed` has it.
    this.workers.push(worker);
    this.catchUp(worker);
  }

  /** The holder goes; before the next one tells, it has read what is told, as `Duty.prepare` has it. */
  die(): void {
    if (this.workers.length < 2) this.join();
    this.workers.shift();
    this.isMute = false;
    this.catchUp(this.workers[0]);
    this.workers[0].take();
  }

  read(worker: Worker, what: 'figures' | 'alerts'): void {
    if (what === 'figures' && worker.figuresRead < this.figures.length) {
      worker.readFigure(this.figures[worker.figuresRead++]);
    }
    if (what === 'alerts' && worker.alertsRead < this.alerts.length) worker.readAlert(this.alerts[worker.alertsRead++]);
  }

  catchUp(worker: Worker): void {
    while (worker.alertsRead < this.alerts.length) this.read(worker, 'alerts');
  }

  private say(event: MonitoringEventInput): void {
    const isCopy = this.alerts.some(({ event_id: id }) => id === event.event_id);
    if (!this.isMute && !isCopy) this.alerts.push(event);
  }
}

const statusOf = ({ data }: MonitoringEventInput) => data.status as string;

describe('several workers of which one tells alerts', () => {
  it('tell each breach once and its end once, in turns, whoever dies and however far behind each of them reads', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const world = new World();
        for (const step of all) {
          if (step.kind === 'figure') world.figures.push(figure(step.value, world.figures.length));
          else if (step.kind === 'read') world.read(world.workers[step.who % world.workers.length], step.what);
          else if (step.kind === 'join') world.join();
          else if (step.isMute) world.isMute = true;
          else world.die();
        }
        world.die();
        // At last all is calm, and everybody has read everything.
        for (let calm = 0; calm < 3; calm++) world.figures.push(figure(0.1, world.figures.length));
        for (const worker of world.workers) {
          while (worker.figuresRead < world.figures.length) world.read(worker, 'figures');
          world.catchUp(worker);
        }
        const told = world.alerts.map((event) => `${String(event.data.alert_id)} ${statusOf(event)}`);
        const turns = world.alerts.map(statusOf);
        expect({ told, turns }).toEqual({ told, turns: turns.map((_, n) => (n % 2 === 0 ? 'raised' : 'resolved')) });
        expect(turns.length % 2).toBe(0);
        expect(new Set(told).size).toBe(told.length);
      }),
      { numRuns: 500 },
    );
  });

  it('tell of a breach that lasts although the one that saw it first died before it could tell', () => {
    const world = new World();
    for (let second = 0; second < 4; second++) world.figures.push(figure(0.95, second));
    world.isMute = true;
    for (const worker of world.workers) while (worker.figuresRead < 4) world.read(worker, 'figures');
    expect(world.alerts).toEqual([]);
    world.die();
    expect(world.alerts.map(statusOf)).toEqual(['raised']);
    expect(world.alerts[0].data.started_at).toBe(isoOfMicros(START));
  });

  it('tell of a breach that was over before anybody took over', () => {
    const world = new World();
    for (const value of [0.95, 0.95, 0.95, 0.1]) world.figures.push(figure(value, world.figures.length));
    world.isMute = true;
    for (const worker of world.workers) while (worker.figuresRead < 4) world.read(worker, 'figures');
    world.die();
    expect(world.alerts.map(statusOf)).toEqual(['raised', 'resolved']);
  });
});
