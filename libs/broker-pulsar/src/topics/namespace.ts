import { DistributionError } from '@distributary/distribution-core';
import { hasStatus } from '../pulsar.errors.js';
import type { PulsarWeb } from '../wire/pulsar-web.js';
import type { PulsarNames } from './pulsar-names.js';

/** Of a namespace that is made here. Topics say for themselves what they keep; until they do, they keep everything. */
const POLICIES = {
  retention_policies: { retentionTimeInMinutes: -1, retentionSizeInMB: -1 },
  deduplicationEnabled: true,
  // A reader or producer that comes a moment after a topic was deleted would make one anew.
  autoTopicCreationOverride: { allowAutoTopicCreation: false },
} as const;

/** Looks whether the namespace is there, and makes it otherwise; it may need more rights than to use it. */
export async function openNamespace(web: PulsarWeb, { space }: PulsarNames): Promise<void> {
  try {
    // What every use of it needs as well; its policies may be an administrator's business.
    await web.ask({ method: 'GET', path: `persistent/${space}/partitioned` });
  } catch (error) {
    if (!hasStatus(error, 404)) throw error;
    await make(web, space);
  }
}

async function make(web: PulsarWeb, space: string): Promise<void> {
  try {
    await web.ask({ method: 'PUT', path: `namespaces/${space}`, body: POLICIES });
  } catch (error) {
    // Another process was faster.
    if (hasStatus(error, 409)) return;
    if (!hasStatus(error, 404)) throw error;
    throw new DistributionError('broker.unavailable', `Pulsar has no tenant for the namespace ${space}`, {
      cause: error,
    });
  }
}
