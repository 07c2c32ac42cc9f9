import type { PublishResult } from '@distributary/contracts';
import { requestJson, type RestAccess } from './rest-client.js';

/** One request; its size is the caller's business. One result per event, in order, where the service reports them. */
export async function publishEvents(access: RestAccess, events: readonly unknown[]): Promise<readonly PublishResult[]> {
  const answer = (await requestJson(access, 'events', { method: 'POST', body: { events } })) as
    { results?: readonly PublishResult[] } | undefined;
  return answer?.results ?? [];
}
