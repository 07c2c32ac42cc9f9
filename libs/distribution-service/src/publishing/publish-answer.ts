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
const ID_FIELD = Buffer.from('{"event_id":');
const [COMMA, QUOTE, BACKSLASH, CLOSE_BRACE] = [0x2c, 0x22, 0x5c, 0x7d];
/** Of ASCII. */
const [FIRST_PRINTED, LAST_PRINTED] = [0x20, 0x7e];
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
    out.set(ID_FIELD, at);
    at = writeText(outcome.eventId, out, at + ID_FIELD.length);
    out.set(place, at);
    at = writeText(outcome.position, out, at + place.length);
    out[at++] = CLOSE_BRACE;
  }
  out.set(END, at);
  return out.subarray(0, at + END.length);
}

/** As JSON; nearly all are short and need no escapes, for which a call into the runtime costs more than the bytes. Where it ends. */
function writeText(text: string, out: Buffer, start: number): number {
  let at = start;
  out[at++] = QUOTE;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < FIRST_PRINTED || code > LAST_PRINTED || code === QUOTE || code === BACKSLASH) {
      return start + out.write(JSON.stringify(text), start);
    }
    out[at++] = code;
  }
  out[at++] = QUOTE;
  return at;
}

const placeText = ({ duplicate, topic, lane }: IngestOutcome): string =>
  `,"duplicate":${String(duplicate)},"topic":${JSON.stringify(unqualified(topic))},` +
  `"partition":${lane.partition},"epoch":${JSON.stringify(lane.epoch)},"position":`;
