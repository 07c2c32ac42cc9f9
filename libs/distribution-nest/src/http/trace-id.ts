import type { IdSource } from '@distributary/distribution-core';

const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}/;
const NO_TRACE = '0'.repeat(32);

/** The trace id of a W3C `traceparent` header, or a new one: 32 hexadecimal digits. */
export function traceIdOf(traceparent: string | string[] | undefined, ids: IdSource): string {
  const given = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent)?.[1] : undefined;
  return given === undefined || given === NO_TRACE ? ids.uuid().replaceAll('-', '') : given;
}
