import type { SelectionInput, SubscriptionChangeInput } from '@distributary/contracts';
import {
  type DurableSubscription,
  filterToJson,
  qualifySelection,
  type SubscriptionRevision,
  unqualifiedSelection,
} from '@distributary/distribution-core';
import { parseOutput } from '../../doors/stream-commands.js';
import { ownFieldsOf } from '../../doors/selection-fields.js';
import type { StreamVocabulary } from '../../doors/stream-vocabulary.js';

/** What a change makes of a subscription as it is now. Throws `request.invalid` with every problem of the selection. */
export function revisionOf(
  present: DurableSubscription,
  change: SubscriptionChangeInput,
  vocabulary: StreamVocabulary,
): SubscriptionRevision {
  const { subscriber_service, delivery_guarantee, slow_policy } = change;
  return {
    ...(isSelecting(change, vocabulary) && selectionAfter(present, change, vocabulary)),
    ...(subscriber_service !== undefined && { subscriberService: subscriber_service }),
    ...(delivery_guarantee !== undefined && { deliveryGuarantee: delivery_guarantee }),
    ...(slow_policy !== undefined && { slowPolicy: slow_policy }),
    ...deliveryAfter(present, change),
    ...outputAfter(present, change),
  };
}

function isSelecting(change: SubscriptionChangeInput, vocabulary: StreamVocabulary): boolean {
  const { patterns, keys, data_types, services, filter } = change;
  const own = Object.values(ownFieldsOf(change, vocabulary));
  return [patterns, keys, data_types, services, filter, ...own].some((named) => named !== undefined);
}

function selectionAfter(present: DurableSubscription, change: SubscriptionChangeInput, vocabulary: StreamVocabulary) {
  const { topicPatterns, keyPatterns, filter } = unqualifiedSelection(present);
  const { patterns = [...topicPatterns], keys, data_types, services } = change;
  const own = ownFieldsOf(change, vocabulary);
  const isFiltering =
    [data_types, services, change.filter].some((named) => named !== undefined) || Object.keys(own).length > 0;
  const keptKeys = keyPatterns.length === 0 ? {} : { keys: [...keyPatterns] };
  const input: SelectionInput = {
    patterns,
    ...(keys === undefined ? keptKeys : keys !== null && { keys }),
    ...(data_types !== undefined && { data_types }),
    ...(services !== undefined && { services }),
    ...own,
    ...(isFiltering
      ? change.filter !== undefined && change.filter !== null && { filter: change.filter }
      : filter !== undefined && { filter: filterToJson(filter) }),
  };
  return qualifySelection(present.tenant, vocabulary.selectionOf(input));
}

function deliveryAfter(present: DurableSubscription, change: SubscriptionChangeInput) {
  const { ack_timeout_ms: ackTimeoutMs, max_attempts: maxAttempts, max_unacked: maxUnacked } = change;
  const named = {
    ...(ackTimeoutMs !== undefined && { ackTimeoutMs }),
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(maxUnacked !== undefined && { maxUnacked }),
  };
  return Object.keys(named).length === 0 ? {} : { delivery: { ...present.delivery, ...named } };
}

/** Output is changed as a whole: a transformation and a projection mean something only together. */
function outputAfter(_present: DurableSubscription, { transformation, fields, format }: SubscriptionChangeInput) {
  return parseOutput({ transformation, fields, format });
}
