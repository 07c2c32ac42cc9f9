import type { PublishResult } from '@distributary/contracts';
import { type Lane, unqualified } from '@distributary/distribution-core';
import type { IngestOutcome } from './publisher.js';

export function publishResultOf({ eventId, duplicate, topic, lane, position }: IngestOutcome): PublishResult {
  return {
    event_id: eventId,
    duplicate,
    // The lane bears the broker's name of the topic; callers know the path.
    topic: unqualified(topic),
    partition: lane.partition,
    epoch: lane.epoch,
    position,
  };
}

/** `{ "results": [...] }` of {@link publishResultOf} as JSON text: what the events of a lane have in common is written once. */
export function publishAnswerText(outcomes: readonly IngestOutcome[]): string {
  let text = '{"results":[';
  let lane: Lane | undefined;
  let topic: string | undefined;
  let place = '';
  for (let at = 0; at < outcomes.length; at++) {
    const outcome = outcomes[at];
    if (outcome.lane !== lane || outcome.topic !== topic) {
      ({ lane, topic } = outcome);
      place = `,"topic":${JSON.stringify(unqualified(topic))},"partition":${lane.partition},"epoch":${JSON.stringify(lane.epoch)},"position":`;
    }
    if (at > 0) text += ',';
    text += `{"event_id":${JSON.stringify(outcome.eventId)},"duplicate":${String(outcome.duplicate)}${place}${JSON.stringify(outcome.position)}}`;
  }
  return `${text}]}`;
}
