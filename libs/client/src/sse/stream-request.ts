import { startText, streamUrl } from '../endpoint.js';
import { DistributaryError } from '../errors.js';
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
    fields: options.fields,
  };
  for (const [name, list] of Object.entries(lists)) if (list !== undefined) searchParams.set(name, list.join(','));
  const { start } = options;
  const texts = {
    filter: options.filter,
    subscriber_service: options.subscriberService,
    transformation: options.transformation,
    format: options.format,
  };
  for (const [name, value] of Object.entries(texts)) {
    if (value !== undefined) searchParams.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  if (options.deliveryGuarantee !== undefined) searchParams.set('delivery_guarantee', options.deliveryGuarantee);
  if (options.maxRate !== undefined) searchParams.set('max_rate', String(options.maxRate));
  if (options.slowPolicy !== undefined) searchParams.set('slow_policy', options.slowPolicy);
  if (start !== undefined && !isCursor(start)) searchParams.set('start', startText(start));
  return target;
}

/** A cursor goes where the standard puts it, so that beginning and coming back are the same to the service. */
export function lastEventIdOf({ start }: SubscribeOptions): string | undefined {
  return start !== undefined && isCursor(start) ? start.cursor : undefined;
}

const isCursor = (start: NonNullable<SubscribeOptions['start']>): start is { readonly cursor: string } =>
  typeof start === 'object' && 'cursor' in start;
