import { startText, streamUrl } from '../endpoint.js';
import { DistributaryError } from '../errors.js';
import { jsonText } from '../json-text.js';
import type { SubscribeOptions } from '../options.js';

/** The subscription as query parameters; what the SSE door does not know is refused here rather than left out there. */
export function streamRequestUrl(url: string, options: SubscribeOptions): URL {
  const given = (['credit', 'autoAck', 'type', 'name'] as const).filter(
    (name) => options[name] !== undefined && options[name] !== false,
  );
  if (given.length > 0) {
    throw new DistributaryError('request.invalid', `not over SSE: ${given.join(', ')}`);
  }
  const target = streamUrl(url, 'sse');
  const { searchParams } = target;
  const lists = {
    data_types: options.dataTypes,
    services: options.services,
    patterns: options.patterns,
    keys: options.keys,
    symbols: options.symbols,
    exchanges: options.exchanges,
    currencies: options.currencies,
    asset_classes: options.assetClasses,
    fields: options.fields,
  };
  for (const [name, list] of Object.entries(lists)) if (list !== undefined) searchParams.set(name, list.join(','));
  const { start } = options;
  const values = {
    filter: options.filter,
    subscriber_service: options.subscriberService,
    transformation: options.transformation,
    format: options.format,
    delivery_guarantee: options.deliveryGuarantee,
    slow_policy: options.slowPolicy,
    max_rate: options.maxRate,
    min_price: options.minPrice,
    max_price: options.maxPrice,
    min_volume: options.minVolume,
    max_volume: options.maxVolume,
  };
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) searchParams.set(name, typeof value === 'string' ? value : jsonText(value, name));
  }
  if (start !== undefined && !isCursor(start)) searchParams.set('start', startText(start));
  return target;
}

/** A cursor goes into `Last-Event-ID`, where the standard puts it, so that beginning and coming back are the same to the service. */
export function startCursorOf({ start }: SubscribeOptions): string | undefined {
  return start !== undefined && isCursor(start) ? start.cursor : undefined;
}

const isCursor = (start: NonNullable<SubscribeOptions['start']>): start is { readonly cursor: string } =>
  typeof start === 'object' && 'cursor' in start;
