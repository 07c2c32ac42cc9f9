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

const START = Buffer.from('{"results":[');
const END = Buffer.from(']}');
const COMMA = 0x2c;
/** What the longest id takes if each of its characters is escaped, and a position. */
const MAX_OWN_BYTES = 1_400;
const USUAL_BYTES = 192;

/**
 * `{ "results": [...] }` of {@link publishResultOf} as JSON: what the events of a lane have in common is written once, and
 * nothing is made that the collector would have to take away.
 */
export function publishAnswer(outcomes: readonly IngestOutcome[]): Buffer {
  let out = Buffer.allocUnsafe(START.length + END.length + MAX_OWN_BYTES + outcomes.length * USUAL_BYTES);
  let lane: Lane | undefined;
  let topic: string | undefined;
  let isCopy: boolean | undefined;
  let place = Buffer.alloc(0);
  out.set(START);
  let at = START.length;
  for (let index = 0; index < outcomes.length; index++) {
    const outcome = outcomes[index];
    if (outcome.lane !== lane || outcome.topic !== topic || outcome.duplicate !== isCopy) {
      ({ lane, topic, duplicate: isCopy } = outcome);
      place = Buffer.from(placeText(outcome));
    }
    const needed = at + MAX_OWN_BYTES + place.length + END.length;
    if (needed > out.length) out = Buffer.concat([out.subarray(0, at)], needed * 2);
    if (index > 0) out[at++] = COMMA;
    at += out.write(`{"event_id":${JSON.stringify(outcome.eventId)}`, at);
    out.set(place, at);
    at += place.length;
    at += out.write(`${JSON.stringify(outcome.position)}}`, at);
  }
  out.set(END, at);
  return out.subarray(0, at + END.length);
}

const placeText = ({ duplicate, topic, lane }: IngestOutcome): string =>
  `,"duplicate":${String(duplicate)},"topic":${JSON.stringify(unqualified(topic))},` +
  `"partition":${lane.partition},"epoch":${JSON.stringify(lane.epoch)},"position":`;
