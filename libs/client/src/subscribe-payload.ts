import type { SubscribePayload } from '@distributary/contracts';
import type { SubscribeOptions } from './options.js';

/** `resumeCursor` takes the place of the start that the user asked for; fields that were not given are left out. */
export function subscribePayload(
  id: string,
  options: SubscribeOptions,
  resumeCursor: string | undefined,
  credit: number | undefined,
): SubscribePayload {
  const payload: SubscribePayload = {
    id,
    patterns: options.patterns,
    keys: options.keys,
    data_types: options.dataTypes,
    services: options.services,
    symbols: options.symbols,
    exchanges: options.exchanges,
    currencies: options.currencies,
    asset_classes: options.assetClasses,
    min_price: options.minPrice,
    max_price: options.maxPrice,
    min_volume: options.minVolume,
    max_volume: options.maxVolume,
    filter: options.filter,
    start: resumeCursor === undefined ? options.start : { cursor: resumeCursor },
    name: options.name,
    subscriber_service: options.subscriberService,
    type: options.type,
    delivery_guarantee: options.deliveryGuarantee,
    slow_policy: options.slowPolicy,
    max_rate: options.maxRate,
    credit,
    ack_timeout_ms: options.ackTimeoutMs,
    max_attempts: options.maxAttempts,
    max_unacked: options.maxUnacked,
    transformation: options.transformation,
    fields: options.fields,
    format: options.format,
  };
  return Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined)) as typeof payload;
}
