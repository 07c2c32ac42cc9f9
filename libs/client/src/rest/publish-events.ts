import type { PublishResult } from '@distributary/contracts';
import { DistributaryError } from '../errors.js';
import { requestJson, type RestAccess } from './rest-client.js';

/**
 * One request; its size is the caller's business. One result per event, in order; an answer that has another number of them
 * is somebody else's, and rejects with `protocol.violation`.
 */
export async function publishEvents(access: RestAccess, events: readonly unknown[]): Promise<readonly PublishResult[]> {
  const answer = (await requestJson(access, 'events', { method: 'POST', body: { events } })) as
    { results?: unknown } | null | undefined;
  const results = Array.isArray(answer?.results) ? (answer.results as readonly PublishResult[]) : [];
  if (results.length !== events.length) {
    const said = `${events.length} events were sent and ${results.length} confirmed: is this the service?`;
    throw new DistributaryError('protocol.violation', said);
  }
  return results;
}
