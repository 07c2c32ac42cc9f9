import { bytesOfText, EventScan, figureEnd } from '@distributary/distribution-service';

const [COMMA, OPEN_BRACE, CLOSE_BRACE] = [0x2c, 0x7b, 0x7d];

const METRIC_NAME = bytesOfText('metric_name');
const CURRENT_VALUE = bytesOfText('current_value');
const THRESHOLD = bytesOfText('threshold');
const UNIT = bytesOfText('unit');
const SERVICE_NAME = bytesOfText('service_name');
const LABELS = bytesOfText('labels');
const METRICS = bytesOfText('METRICS');

/** The limits of the schema, in characters; a character has at least one byte. */
const MAX_METRIC = 200;
const MAX_SERVICE = 100;
const MAX_UNIT = 32;
const MAX_LABEL_NAME = 100;
const MAX_LABEL = 200;

/** What of the data was there. */
const HAS = { metric: 1, value: 2, threshold: 4, unit: 8, service: 16, labels: 32 } as const;
const NEEDED = HAS.metric | HAS.value;

/**
 * Where things stand in a METRICS event of the plain form: only the fields that the schema names, each once. Nearly all metrics are
 * written so. What is not is left to the schema.
 */
export class MetricScan extends EventScan {
  metricStart = 0;
  metricEnd = 0;
  metricHash = 0;
  /** Of `current_value`, and of `threshold`: empty if there is none. */
  valueStart = 0;
  valueEnd = 0;
  thresholdStart = 0;
  thresholdEnd = 0;
  /** Empty if the data names no service. */
  serviceStart = 0;
  serviceEnd = 0;
  serviceHash = 0;

  override scan(bytes: Uint8Array, start: number): number {
    this.serviceStart = this.serviceEnd = this.serviceHash = 0;
    this.thresholdStart = this.thresholdEnd = 0;
    const end = super.scan(bytes, start);
    // Without it, it is no metric.
    return this.metadataEnd > this.metadataStart ? end : -1;
  }

  protected takeType(start: number, end: number): boolean {
    return end - start === METRICS.length && this.is(METRICS, start);
  }

  protected isWhole(parts: number): boolean {
    return (parts & NEEDED) === NEEDED;
  }

  protected dataPartAt(start: number, end: number): number {
    switch (end - start) {
      case 4:
        return this.is(UNIT, start) ? HAS.unit : 0;
      case 6:
        return this.is(LABELS, start) ? HAS.labels : 0;
      case 9:
        return this.is(THRESHOLD, start) ? HAS.threshold : 0;
      case 11:
        return this.is(METRIC_NAME, start) ? HAS.metric : 0;
      case 12:
        return this.is(SERVICE_NAME, start) ? HAS.service : 0;
      case 13:
        return this.is(CURRENT_VALUE, start) ? HAS.value : 0;
      default:
        return 0;
    }
  }

  protected dataValue(part: number, at: number): number {
    let end: number;
    switch (part) {
      case HAS.metric:
        end = this.word(at, MAX_METRIC);
        this.metricStart = this.textStart;
        this.metricEnd = end - 1;
        this.metricHash = this.hash;
        return end;
      case HAS.service:
        end = this.word(at, MAX_SERVICE);
        this.serviceStart = this.textStart;
        this.serviceEnd = end - 1;
        this.serviceHash = this.hash;
        return end;
      case HAS.unit:
        return this.text(at, MAX_UNIT);
      case HAS.labels:
        return this.labels(at);
      case HAS.value:
        this.valueStart = at;
        this.valueEnd = figureEnd(this.bytes, at);
        return this.valueEnd;
      default:
        this.thresholdStart = at;
        this.thresholdEnd = figureEnd(this.bytes, at);
        return this.thresholdEnd;
    }
  }

  /** An object of texts. */
  private labels(start: number): number {
    const { bytes } = this;
    if (bytes[start] !== OPEN_BRACE) return -1;
    let at = this.blanks(start + 1);
    if (bytes[at] === CLOSE_BRACE) return at + 1;
    for (;;) {
      const nameEnd = this.text(at, MAX_LABEL_NAME);
      // Names that objects of JavaScript take for something else are for the schema, and so is none.
      if (nameEnd < 0 || nameEnd - 1 === this.textStart || bytes[this.textStart] === 0x5f) return -1;
      if (bytes[this.textStart] === 0x63 && nameEnd - 1 - this.textStart === 'constructor'.length) return -1;
      at = this.colon(nameEnd);
      if (at < 0) return -1;
      at = this.text(at, MAX_LABEL);
      if (at < 0) return -1;
      at = this.blanks(at);
      if (bytes[at] === CLOSE_BRACE) return at + 1;
      if (bytes[at] !== COMMA) return -1;
      at = this.blanks(at + 1);
    }
  }
}
