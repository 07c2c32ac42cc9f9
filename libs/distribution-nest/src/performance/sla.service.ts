import { slaQuerySchema } from '@distributary/contracts';
import {
  type Clock,
  type DailyDelivery,
  type DailyDeliveryStore,
  dayAfter,
  dayOf,
  isPermitted,
  type KeptDelivery,
  noLatencies,
  type Principal,
  qualifyTopic,
  requirePermission,
  serviceLevelOf,
  unqualified,
} from '@distributary/distribution-core';
import { isoTime } from '../doors/json-messages.js';
import { parseWith } from '../doors/stream-commands.js';

const DEFAULT_DAYS = 7;
export const MAX_SLA_ROWS = 1_000;

/** Service levels by topic and day. Needs the verb `read`. */
export class SlaService {
  constructor(
    private readonly store: DailyDeliveryStore,
    private readonly clock: Clock,
  ) {}

  async list(principal: Principal, query: unknown) {
    const asked = parseWith(slaQuerySchema, query);
    requirePermission(principal, 'read', asked.topic);
    const nowMicros = this.clock.nowMicros();
    const to = asked.to ?? dayOf(nowMicros);
    const from = asked.from ?? dayAfter(to, 1 - DEFAULT_DAYS);
    const { tenant } = principal;
    const topic = asked.topic === undefined ? undefined : qualifyTopic(tenant, asked.topic);
    const rows = await this.store.find({ tenant, topic, from, to, limit: MAX_SLA_ROWS + 1 });
    const today = dayOf(nowMicros);
    const permitted = rows
      .slice(0, MAX_SLA_ROWS)
      .filter((row) => isPermitted(principal, 'read', unqualified(row.topic)));
    const items = withSilentDays(permitted, from, to < today ? to : today);
    return {
      generated_at: isoTime(nowMicros),
      from,
      to,
      is_cut: rows.length > MAX_SLA_ROWS || items.length > MAX_SLA_ROWS,
      items: items.slice(0, MAX_SLA_ROWS).map((row) => levelView(row, nowMicros)),
    };
  }
}

/** Days in the middle of which nothing is known: nobody served the topic then. */
function withSilentDays(rows: readonly KeptDelivery[], from: string, to: string): KeptDelivery[] {
  const filled: KeptDelivery[] = [];
  rows.forEach((row, at) => {
    const { topic, firstDay } = row;
    const isFirst = rows[at - 1]?.topic !== topic;
    const silentFrom = isFirst ? (firstDay > from ? firstDay : from) : dayAfter(rows[at - 1].day, 1);
    fill(filled, row, silentFrom, row.day);
    filled.push(row);
    if (rows[at + 1]?.topic !== topic) fill(filled, row, dayAfter(row.day, 1), dayAfter(to, 1));
  });
  return filled;
}

function fill(into: KeptDelivery[], like: KeptDelivery, from: string, before: string): void {
  for (let day = from; day < before && into.length <= MAX_SLA_ROWS; day = dayAfter(day, 1)) {
    const nothing: DailyDelivery = {
      ...like,
      events: 0,
      deliveries: 0,
      failed: 0,
      dropped: 0,
      latencies: noLatencies(),
      servedMinutes: [],
    };
    into.push({ ...nothing, day, firstDay: like.firstDay });
  }
}

function levelView(row: KeptDelivery, nowMicros: number) {
  const level = serviceLevelOf(row, row.day === row.firstDay, nowMicros);
  const { p50Ms, p95Ms, p99Ms } = level;
  return {
    topic: unqualified(row.topic),
    day: row.day,
    events: row.events,
    deliveries: row.deliveries,
    failed: row.failed,
    dropped: row.dropped,
    delivery_ratio: level.deliveryRatio ?? null,
    latency_ms:
      p50Ms === undefined || p95Ms === undefined || p99Ms === undefined ? null : { p50: p50Ms, p95: p95Ms, p99: p99Ms },
    availability: level.availability ?? null,
    served_minutes: level.servedMinutes,
    due_minutes: level.dueMinutes,
  };
}
