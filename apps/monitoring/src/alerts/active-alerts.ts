import type { Alert, AlertData, MonitoringDataDistributed } from '@distributary/contracts';
import { type EventBatch, type EventRecord, laneName } from '@distributary/distribution-core';
import { type FeedConsumer, isoOfMicros } from '@distributary/distribution-service';
import { indexesOfType, storedEventOf } from '../events/stored-event.js';

export interface ActiveAlert {
  readonly alert: Alert;
  /** The event that told it last, for permissions to be held against. */
  readonly topic: string;
  readonly record: EventRecord;
  readonly startedMicros: number;
  readonly updatedMicros: number;
  /** Where it was told last; within one lane the log's order counts, between lanes the time of the events. */
  readonly lane: string;
  /** The series that this service's own rules were watching. */
  readonly sourceRoutingKey: string | undefined;
}

export interface AlertChange {
  readonly kind: 'raised' | 'updated' | 'resolved';
  readonly alert: ActiveAlert;
  readonly atMicros: number;
}

export interface AlertListener {
  changed(change: AlertChange): void;
  /** The state is whole; changes are told from now on. */
  ready(): void;
}

type ToldBy = Pick<ActiveAlert, 'lane' | 'topic' | 'record'>;

const CAPACITY = 10_000;

/**
 * The alerts that were raised and not resolved, by whomever, as the log tells it: a restart builds the same again.
 * Bounded: beyond the capacity the oldest is let go of, as if resolved.
 */
export class ActiveAlerts implements FeedConsumer {
  private readonly alerts = new Map<string, ActiveAlert>();
  /** A resolution may be read before its alert if their lanes differ, so it is remembered for a while. */
  private readonly resolved = new Map<string, { readonly lane: string; readonly atMicros: number }>();
  private readonly listeners: AlertListener[] = [];
  private isWhole = false;

  constructor(private readonly capacity = CAPACITY) {}

  /** False while the log is being read after the start: what is here is then only a part. */
  get isReady(): boolean {
    return this.isWhole;
  }

  get size(): number {
    return this.alerts.size;
  }

  values(): IterableIterator<ActiveAlert> {
    return this.alerts.values();
  }

  find(alertId: string): ActiveAlert | undefined {
    return this.alerts.get(alertId);
  }

  listen(listener: AlertListener): void {
    this.listeners.push(listener);
  }

  ready(): void {
    this.isWhole = true;
    for (const listener of this.listeners) listener.ready();
  }

  apply(batch: EventBatch, topic: string = batch.lane.topic): void {
    const lane = laneName(batch.lane);
    for (const index of indexesOfType(batch, 'ALERTS')) {
      const event = storedEventOf<AlertData>(batch.valueAt(index));
      const alertId = event?.data.alert_id;
      if (event === undefined || typeof alertId !== 'string') continue;
      const atMicros = batch.timeMicrosAt(index);
      if (event.data.status === 'resolved') this.resolve(alertId, lane, atMicros);
      else this.raise(alertId, event, { lane, topic, record: copyOf(batch.recordAt(index)) }, atMicros);
    }
  }

  private raise(alertId: string, event: MonitoringDataDistributed<AlertData>, told: ToldBy, atMicros: number): void {
    const { lane } = told;
    const resolution = this.resolved.get(alertId);
    if (resolution !== undefined && resolution.lane !== lane && atMicros <= resolution.atMicros) return;
    const known = this.alerts.get(alertId);
    if (known !== undefined && known.lane !== lane && atMicros < known.updatedMicros) return;
    if (known === undefined && this.alerts.size >= this.capacity) {
      this.remove(this.alerts.values().next().value as ActiveAlert, atMicros);
    }
    const alert = activeAlertOf(alertId, event, told, known?.startedMicros ?? atMicros, atMicros);
    this.alerts.set(alertId, alert);
    this.tell({ kind: known === undefined ? 'raised' : 'updated', alert, atMicros });
  }

  private resolve(alertId: string, lane: string, atMicros: number): void {
    const alert = this.alerts.get(alertId);
    if (alert !== undefined && alert.lane !== lane && atMicros < alert.updatedMicros) return;
    this.resolved.delete(alertId);
    this.resolved.set(alertId, { lane, atMicros });
    if (this.resolved.size > this.capacity) this.resolved.delete(this.resolved.keys().next().value as string);
    if (alert !== undefined) this.remove(alert, atMicros);
  }

  private remove(alert: ActiveAlert, atMicros: number): void {
    this.alerts.delete(alert.alert.alert_id);
    this.tell({ kind: 'resolved', alert, atMicros });
  }

  private tell(change: AlertChange): void {
    if (this.isWhole) for (const listener of this.listeners) listener.changed(change);
  }
}

function activeAlertOf(
  alertId: string,
  { event_id: eventId, data, metadata }: MonitoringDataDistributed<AlertData>,
  told: ToldBy,
  startedMicros: number,
  updatedMicros: number,
): ActiveAlert {
  const { metric_name, current_value, threshold, unit, message, rule_id } = data;
  const optional = { metric_name, current_value, threshold, unit, message, rule_id };
  const alert: Alert = {
    alert_id: alertId,
    service_name: data.service_name ?? metadata.source_service,
    severity: data.severity ?? metadata.severity ?? 'INFO',
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    source_service: metadata.source_service,
    started_at: data.started_at ?? isoOfMicros(startedMicros),
    updated_at: isoOfMicros(updatedMicros),
    event_id: eventId,
  };
  const key = data.source_routing_key;
  return { alert, ...told, startedMicros, updatedMicros, sourceRoutingKey: typeof key === 'string' ? key : undefined };
}

/** A view of its batch would keep the whole batch in memory. */
const copyOf = (record: EventRecord): EventRecord => ({ ...record, value: Buffer.from(record.value) });
