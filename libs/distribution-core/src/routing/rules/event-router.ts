import { unqualified } from '../../access/tenancy.js';
import type { EventRecord } from '../../event.js';
import type { IngestTopic, TopicLookup, TopicProblem } from '../../ingest/published-event.js';
import type { Counter, Metrics } from '../../ports/metrics.port.js';
import { HOPS_ATTRIBUTE, MAX_HOPS, MAX_TARGETS, ROUTED_FROM_ATTRIBUTE } from './routing-rule.js';
import { aim, type CompiledRule, RuleTable } from './rule-table.js';

/** An event and the catalog's name of the topic that it is in. */
export interface RoutableEvent {
  readonly topic: string;
  readonly record: EventRecord;
}

/** The value of an event that says where it is, as its service writes it: told of the new place. */
export type Restate = (
  record: EventRecord,
  place: { /** As the tenant names it. */ readonly topic: string; readonly priority: number | undefined },
) => Uint8Array;

export interface Placement extends RoutableEvent {
  readonly target: IngestTopic;
}

export interface Routed {
  readonly keepsOriginal: boolean;
  /** In the order in which the rules fired; each of another topic. */
  readonly copies: readonly Placement[];
}

/** Why a rule that matches an event does nothing with it. */
export type SkipReason =
  | 'missing_value'
  | 'unfit_value'
  | 'unknown_topic'
  | 'disabled_topic'
  | 'external_topic'
  | 'unfit_topic'
  | 'already_there'
  | 'too_many_targets'
  | 'too_many_hops'
  | 'too_large'
  | 'transformation_failed';

export const SKIP_REASONS = [
  'missing_value',
  'unfit_value',
  'unknown_topic',
  'disabled_topic',
  'external_topic',
  'unfit_topic',
  'already_there',
  'too_many_targets',
  'too_many_hops',
  'too_large',
  'transformation_failed',
] as const satisfies readonly SkipReason[];

export type Fired =
  | { readonly fired: true; readonly placement: Placement }
  | {
      readonly fired: false;
      readonly reason: SkipReason;
      readonly topic?: string;
      readonly placeholder?: string;
      readonly value?: unknown;
    };

export interface EventRouterDependencies {
  readonly topics: TopicLookup;
  readonly restate: Restate;
  readonly metrics: Metrics;
  readonly maxEventBytes?: number;
  /** Absent: each event may be in each topic. */
  readonly topicProblem?: TopicProblem;
}

const MAX_EVENT_BYTES = 1024 * 1024;

/** On its way through the rules. */
interface Journey {
  readonly index: number;
  readonly event: RoutableEvent;
  readonly hops: number;
  /** Of the event that all copies come from: where it is by now. */
  readonly trip: Trip;
}

interface Trip {
  readonly origin: string;
  /** Topics that have the event, or had it and let it move on. */
  readonly visited: Set<string>;
  /** Of the copies those that moved on. */
  readonly moved: Set<EventRecord>;
  copies: Placement[];
}

/**
 * Applies the present rules to events, and to the copies that they make. An event reaches a topic at most once, by the
 * first rule that sends it there, under its own `event_id`: so a topic's dedupe window recognises it, however it came.
 */
export class EventRouter {
  private table = RuleTable.EMPTY;
  private readonly copiesTotal: Counter;
  private readonly skipped: Readonly<Record<SkipReason, Counter>>;

  constructor(private readonly deps: EventRouterDependencies) {
    const { metrics } = deps;
    this.copiesTotal = metrics.counter('routing_copies_total', 'Copies of events that rules sent to other topics');
    this.skipped = Object.fromEntries(
      SKIP_REASONS.map((reason) => [
        reason,
        metrics.counter('routing_skipped_total', 'Rules that matched an event and could not fire', { reason }),
      ]),
    ) as Record<SkipReason, Counter>;
  }

  get rules(): RuleTable {
    return this.table;
  }

  /** From the next event on. What is being routed at this moment is routed by one table, the old or the new one. */
  use(table: RuleTable): void {
    this.table = table;
  }

  /** Whether any rule looks at the topic; the question that an event costs where none does. */
  concerns(topic: string): boolean {
    return this.table.size > 0 && this.table.concerns(topic);
  }

  /** In the order of the events; undefined: it stays where it is and goes nowhere else. */
  route(events: readonly RoutableEvent[]): readonly (Routed | undefined)[] {
    const { table } = this;
    const trips: (Trip | undefined)[] = new Array<undefined>(events.length);
    let wave: Journey[] = [];
    events.forEach((event, index) => {
      if (!table.concerns(event.topic)) return;
      const hops = hopsOf(event.record);
      const trip: Trip = { origin: event.topic, visited: new Set([event.topic]), moved: new Set(), copies: [] };
      trips[index] = trip;
      wave.push({ index, event, hops, trip });
    });
    while (wave.length > 0) wave = this.routeWave(table, wave);
    return events.map(({ record }, index) => {
      const trip = trips[index];
      if (trip === undefined || trip.copies.length === 0) return undefined;
      this.copiesTotal.add(trip.copies.length);
      const copies = trip.copies.filter((copy) => !trip.moved.has(copy.record));
      return { keepsOriginal: !trip.moved.has(record), copies };
    });
  }

  /** One rule and one event that it matches. */
  fire(
    compiled: CompiledRule,
    event: RoutableEvent,
    hops: number,
    visited: ReadonlySet<string>,
    origin: string,
  ): Fired {
    if (hops >= MAX_HOPS) return skip('too_many_hops');
    if (visited.size > MAX_TARGETS) return skip('too_many_targets');
    const aimed = aim(compiled, event.topic, event.record);
    if (!aimed.isWhole) {
      const { reason, placeholder, value } = aimed;
      return { fired: false, reason: reason === 'missing' ? 'missing_value' : 'unfit_value', placeholder, value };
    }
    const { topic } = aimed;
    if (visited.has(topic)) return skip('already_there', topic);
    const target = this.deps.topics.find(topic);
    if (target === undefined) return skip('unknown_topic', topic);
    if (!target.enabled) return skip('disabled_topic', topic);
    if (target.origin !== 'ingested') return skip('external_topic', topic);
    const record = this.copyOf(compiled, event, topic, aimed.routingKey, hops, origin);
    if (record === undefined) return skip('transformation_failed', topic);
    if (this.deps.topicProblem?.(record, target) !== undefined) return skip('unfit_topic', topic);
    if (record.value.length > (this.deps.maxEventBytes ?? MAX_EVENT_BYTES)) return skip('too_large', topic);
    return { fired: true, placement: { topic, target, record } };
  }

  private routeWave(table: RuleTable, wave: readonly Journey[]): Journey[] {
    const next: Journey[] = [];
    for (const [topic, journeys] of byTopic(wave)) {
      const matches = table.match(
        topic,
        journeys.map(({ event }) => event.record),
      );
      journeys.forEach((journey, row) => {
        for (const compiled of matches[row] ?? []) {
          const placement = this.apply(compiled, journey);
          if (placement === undefined) continue;
          if (table.concerns(placement.topic)) next.push({ ...journey, event: placement, hops: journey.hops + 1 });
          if (compiled.rule.next === 'stop') break;
        }
      });
    }
    return next;
  }

  private apply(compiled: CompiledRule, { event, hops, trip }: Journey): Placement | undefined {
    const outcome = this.fire(compiled, event, hops, trip.visited, trip.origin);
    if (!outcome.fired) {
      this.skipped[outcome.reason].add();
      return undefined;
    }
    trip.visited.add(outcome.placement.topic);
    trip.copies.push(outcome.placement);
    if (compiled.rule.mode === 'move') trip.moved.add(event.record);
    return outcome.placement;
  }

  /** Undefined if it cannot be made. */
  private copyOf(
    compiled: CompiledRule,
    event: RoutableEvent,
    topic: string,
    routingKey: string,
    hops: number,
    origin: string,
  ): EventRecord | undefined {
    const path = unqualified(event.topic);
    const changed = compiled.transform?.({ topic: path, record: event.record });
    if (compiled.transform !== undefined && changed === undefined) return undefined;
    const copy: EventRecord = {
      ...event.record,
      ...changed,
      eventId: event.record.eventId,
      routingKey,
      attributes: {
        ...(changed ?? event.record).attributes,
        ...compiled.attributes,
        [HOPS_ATTRIBUTE]: hops + 1,
        [ROUTED_FROM_ATTRIBUTE]: unqualified(origin),
      },
    };
    return {
      ...copy,
      value: this.deps.restate(copy, { topic: unqualified(topic), priority: compiled.rule.setPriority }),
    };
  }
}

/** Of an event that was routed before, here or by another process. */
export function hopsOf(record: EventRecord): number {
  const hops = record.attributes[HOPS_ATTRIBUTE];
  return typeof hops === 'number' && hops > 0 ? hops : 0;
}

const skip = (reason: SkipReason, topic?: string): Fired => ({
  fired: false,
  reason,
  ...(topic === undefined ? {} : { topic: unqualified(topic) }),
});

function byTopic(wave: readonly Journey[]): Map<string, Journey[]> {
  const topics = new Map<string, Journey[]>();
  for (const journey of wave) {
    const known = topics.get(journey.event.topic);
    if (known === undefined) topics.set(journey.event.topic, [journey]);
    else known.push(journey);
  }
  return topics;
}
