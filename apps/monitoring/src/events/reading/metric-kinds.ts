import type { MonitoringDataDistributed } from '@distributary/contracts';
import type { Attributes, Clock, IdSource } from '@distributary/distribution-core';
import { copyOf, hashWith, isSame, KindTable, parsedObject } from '@distributary/distribution-service';
import { parseMonitoringEvent, toPublishedEvent } from '../monitoring-event.js';
import type { MetricScan } from './metric-scan.js';
import type { MetricTemplate } from './metric-template.js';

/** All that is the same in the events of one metric of one source, made of the first of them by the schema. */
export interface MetricKind {
  /** How its events were written lately. */
  readonly templates: MetricTemplate[];
  /** Events in succession that were written in none of those ways. */
  misses: number;
  readonly topic: string;
  readonly routingKey: string;
  /** One object for all of them. */
  readonly attributes: Attributes;
  /** Of the stored form: from behind the time to the data. */
  readonly middle: Uint8Array;
  /** From behind the data to the end. */
  readonly tail: Uint8Array;
}

interface KnownKind extends MetricKind {
  readonly routing: Uint8Array;
  readonly metadata: Uint8Array;
  readonly metric: Uint8Array;
  readonly service: Uint8Array;
}

/** The kinds of metrics that were seen lately; some 20 MB at the very most. */
export class MetricKinds extends KindTable<KnownKind, MetricScan> {
  constructor(
    private readonly clock: Clock,
    private readonly ids: IdSource,
  ) {
    // Without a bound of its own: what is read by a template is not met here again, however often it comes.
    super(undefined, Number.POSITIVE_INFINITY);
  }

  protected hashOf({ routingHash, metricHash, metadataHash, serviceHash }: MetricScan): number {
    return hashWith(hashWith(hashWith(routingHash, metricHash), metadataHash), serviceHash);
  }

  protected isKind(kind: KnownKind, scan: MetricScan, bytes: Uint8Array): boolean {
    return (
      isSame(kind.metric, bytes, scan.metricStart, scan.metricEnd) &&
      isSame(kind.routing, bytes, scan.routingStart, scan.routingEnd) &&
      isSame(kind.metadata, bytes, scan.metadataStart, scan.metadataEnd) &&
      isSame(kind.service, bytes, scan.serviceStart, scan.serviceEnd)
    );
  }

  protected make(scan: MetricScan, bytes: Buffer): KnownKind | undefined {
    const { routingStart, routingEnd, metadataStart, metadataEnd, serviceStart, serviceEnd } = scan;
    const routing = parsedObject(bytes.toString('utf8', routingStart, routingEnd) || 'null');
    const metadata = parsedObject(bytes.toString('utf8', metadataStart, metadataEnd));
    if (routing === undefined || metadata === undefined) return undefined;
    const service = bytes.toString('utf8', serviceStart, serviceEnd);
    const event = parseMonitoringEvent(
      {
        event_id: 'e',
        timestamp: '1970-01-01T00:00:00Z',
        data_type: 'METRICS',
        data: {
          ...(service !== '' && { service_name: service }),
          metric_name: bytes.toString('utf8', scan.metricStart, scan.metricEnd),
          current_value: 0,
        },
        ...(routing !== null && { routing }),
        metadata,
      },
      0,
      [],
    );
    if (event === undefined) return undefined;
    const { topic, record } = toPublishedEvent(event, this.clock, this.ids);
    const stored = JSON.parse(Buffer.from(record.value).toString()) as MonitoringDataDistributed;
    const named = service === '' ? `"service_name":${JSON.stringify(stored.data.service_name)},` : '';
    return {
      templates: [],
      misses: 0,
      topic,
      routingKey: record.routingKey,
      attributes: record.attributes,
      middle: Buffer.from(
        `","data_type":"METRICS","distribution":${JSON.stringify(stored.distribution)},"data":{${named}`,
      ),
      tail: Buffer.from(`},"metadata":${JSON.stringify(stored.metadata)}}`),
      routing: copyOf(bytes, routingStart, routingEnd),
      metadata: copyOf(bytes, metadataStart, metadataEnd),
      metric: copyOf(bytes, scan.metricStart, scan.metricEnd),
      service: copyOf(bytes, serviceStart, serviceEnd),
    };
  }
}
