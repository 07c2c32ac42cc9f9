import type { StreamEvent } from '../messages.js';
import { type Colors, printable } from './terminal.js';

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;

const SEVERITY_WIDTH = 8;
const TOPIC_WIDTH = 28;
const KEY_WIDTH = 32;

/** Time, severity, topic, key, text: one line per event, whatever its fields hold. */
export function eventLine(event: StreamEvent, lane: string, colors: Colors, columns?: number): string {
  const distribution = fieldsOf(event.distribution);
  const routing = fieldsOf(event.routing);
  const data = fieldsOf(event.data);
  const severity = textOf(fieldsOf(event.metadata).severity) ?? textOf(data.severity) ?? '-';
  const time = timeOf(textOf(event.timestamp));
  const topic = textOf(distribution.topic ?? routing.topic) ?? lane.slice(0, Math.max(0, lane.lastIndexOf('#')));
  const key = textOf(distribution.routing_key ?? routing.routing_key) ?? '-';
  const head = [time, severity.padEnd(SEVERITY_WIDTH), topic.padEnd(TOPIC_WIDTH), key.padEnd(KEY_WIDTH)].map(printable);
  const room = columns === undefined ? Number.POSITIVE_INFINITY : columns - head.join(' ').length - 1;
  const text = shortened(printable(summaryOf(event, data)), room);
  const paint = painterOf(severity, colors);
  return [colors.dim(head[0]), paint(head[1]), colors.cyan(head[2]), head[3], text].join(' ').trimEnd();
}

/** The time of day in UTC; the day is the reader's business, `--json` has it. */
function timeOf(timestamp: string | undefined): string {
  const time = timestamp === undefined ? Number.NaN : Date.parse(timestamp);
  return Number.isNaN(time) ? '--:--:--.---' : new Date(time).toISOString().slice(11, 23);
}

function painterOf(severity: string, colors: Colors): (text: string) => string {
  switch (severity.toUpperCase()) {
    case 'CRITICAL':
    case 'FATAL':
    case 'ERROR':
      return (text) => colors.bold(colors.red(text));
    case 'WARNING':
    case 'WARN':
    case 'HIGH':
      return colors.yellow;
    case 'INFO':
      return colors.green;
    default:
      return colors.dim;
  }
}

/** `150.25 × 1000` of a trade, `bid × size | ask × size` of a quote, open, high, low and close of a bar. */
function pricesOf(data: Fields): string | undefined {
  const of = (price: unknown, size: unknown) => [textOf(price), textOf(size)].filter(Boolean).join(' × ');
  if (data.price !== undefined) return of(data.price, data.volume);
  if (data.bid_price !== undefined || data.ask_price !== undefined) {
    return `${of(data.bid_price, data.bid_size) || '-'} | ${of(data.ask_price, data.ask_size) || '-'}`;
  }
  if (data.open === undefined) return undefined;
  const prices = [data.open, data.high, data.low, data.close].map((price) => textOf(price) ?? '?');
  return `${textOf(data.interval) ?? ''} ${prices.join(' ')} × ${textOf(data.volume) ?? '?'}`.trim();
}

function summaryOf(event: StreamEvent, data: Fields): string {
  const named = [data.message, data.title, data.detail, data.explanation]
    .map(textOf)
    .find((text) => text !== undefined);
  const metric = textOf(data.metric_name);
  const figures =
    metric === undefined
      ? undefined
      : `${metric}=${textOf(data.current_value) ?? '?'}${textOf(data.unit) ?? ''}` +
        (data.threshold === undefined ? '' : ` (threshold ${textOf(data.threshold) ?? '?'})`);
  const prices = pricesOf(data);
  const market =
    prices === undefined ? undefined : [prices, textOf(data.currency), marksOf(event)].filter(Boolean).join(' ');
  const parts = [textOf(data.service_name), figures, market, textOf(data.state) ?? textOf(data.status), named];
  const known = parts.filter((part) => part !== undefined);
  return known.length > 0 ? known.join(' ') : JSON.stringify(event.data ?? event);
}

/** What a reader must not take for a real or a timely price. */
function marksOf(event: StreamEvent): string {
  const { synthetic, late } = fieldsOf(event.metadata);
  return [synthetic === true ? '(synthetic)' : '', late === true ? '(late)' : ''].filter(Boolean).join(' ');
}

const shortened = (text: string, room: number): string =>
  room >= text.length ? text : `${text.slice(0, Math.max(0, room - 1))}…`;
