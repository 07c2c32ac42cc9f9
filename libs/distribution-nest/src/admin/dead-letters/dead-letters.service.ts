import {
  deadLetterQuerySchema,
  deadLetterReplaySchema,
  type DeadLetterSelectionInput,
  deadLetterSelectionSchema,
  deadLetterTargetSchema,
  type DeadLetterView,
  type DeadLetterWithEventView,
  type Page,
} from '@distributary/contracts';
import {
  type DeadLetter,
  type DeadLetterFilter,
  type DeadLetterPlace,
  type DeadLetters,
  invalidRequest,
  type Principal,
  qualifyTopic,
  type ReplayOutcome,
  unqualified,
} from '@distributary/distribution-core';
import { isoTime } from '../../doors/json-messages.js';
import { parseWith } from '../../doors/stream-commands.js';

export interface DeadLetterOutcomeView {
  readonly count: number;
  readonly has_more: boolean;
}

/** What the doors offer of dead letters: requests as they come in, answers as they go out. Failure: see {@link DeadLetters}. */
export class DeadLettersService {
  constructor(private readonly letters: DeadLetters) {}

  async list(principal: Principal, query: unknown): Promise<Page<DeadLetterView>> {
    const { limit, cursor, status, ...selection } = parseWith(deadLetterQuerySchema, query);
    const after = cursor === undefined ? undefined : placeOf(cursor);
    const found = await this.letters.list(principal, { ...filterOf(principal, selection), status }, limit + 1, after);
    const letters = found.slice(0, limit);
    const hasMore = found.length > letters.length;
    const items = letters.map(viewOf);
    return { items, has_more: hasMore, ...(hasMore && { cursor: cursorOf(letters[letters.length - 1]) }) };
  }

  async get(principal: Principal, deadLetterId: string): Promise<DeadLetterWithEventView> {
    const { letter, event } = await this.letters.get(principal, deadLetterId);
    const view = viewOf(letter);
    if (event === undefined) return view;
    return { ...view, event: JSON.parse(Buffer.from(event.value).toString()) as unknown };
  }

  async replayOne(principal: Principal, deadLetterId: string, input: unknown): Promise<DeadLetterView> {
    const { target } = parseWith(deadLetterTargetSchema, input);
    return viewOf(await this.letters.replayOne(principal, deadLetterId, target));
  }

  async replay(principal: Principal, input: unknown): Promise<DeadLetterOutcomeView> {
    const { target, ...selection } = parseWith(deadLetterReplaySchema, input);
    return outcomeOf(await this.letters.replay(principal, namedFilterOf(principal, selection), target));
  }

  async discardOne(principal: Principal, deadLetterId: string): Promise<DeadLetterView> {
    return viewOf(await this.letters.discardOne(principal, deadLetterId));
  }

  async discard(principal: Principal, input: unknown): Promise<DeadLetterOutcomeView> {
    const selection = parseWith(deadLetterSelectionSchema, input);
    return outcomeOf(await this.letters.discard(principal, namedFilterOf(principal, selection)));
  }
}

const outcomeOf = ({ count, hasMore }: ReplayOutcome): DeadLetterOutcomeView => ({ count, has_more: hasMore });

type Filter = Omit<DeadLetterFilter, 'tenant'>;

/** Nothing named would be everything, which has to be said. */
function namedFilterOf(principal: Principal, { all, ...selection }: DeadLetterSelectionInput): Filter {
  const isNamed = Object.values(selection).some((value) => value !== undefined);
  if (!isNamed && all !== true) {
    throw invalidRequest([{ path: 'all', rule: 'must be true if nothing says which dead letters are meant' }]);
  }
  return filterOf(principal, selection);
}

function filterOf({ tenant }: Principal, selection: Omit<DeadLetterSelectionInput, 'all'>): Filter {
  const { ids, subscription_id, topic, reason, fault, from, to } = selection;
  return {
    ids,
    subscriptionId: subscription_id === undefined ? undefined : qualifyTopic(tenant, subscription_id),
    topic: topic === undefined ? undefined : qualifyTopic(tenant, topic),
    reason,
    fault,
    fromMicros: from === undefined ? undefined : Date.parse(from) * 1000,
    toMicros: to === undefined ? undefined : Date.parse(to) * 1000,
  };
}

export function viewOf(letter: DeadLetter): DeadLetterView {
  return {
    dead_letter_id: letter.deadLetterId,
    subscription_id: unqualified(letter.subscriptionId),
    status: letter.status,
    reason: letter.reason,
    fault: letter.fault,
    attempts: letter.attempts,
    event_id: letter.eventId,
    routing_key: letter.routingKey,
    origin: { ...letter.at, topic: unqualified(letter.at.topic) },
    letter: { ...letter.letter, topic: unqualified(letter.letter.topic) },
    first_failure_at: isoTime(letter.firstFailureMicros),
    last_failure_at: isoTime(letter.lastFailureMicros),
    buried_at: isoTime(letter.buriedMicros),
    changed_at: isoTime(letter.changedMicros),
    ...(letter.replayTarget !== undefined && { replay_target: letter.replayTarget }),
    replays: letter.replays,
  };
}

const cursorOf = ({ buriedMicros, deadLetterId }: DeadLetterPlace): string => `${buriedMicros}~${deadLetterId}`;

function placeOf(cursor: string): DeadLetterPlace {
  const found = /^(\d{1,17})~([0-9a-f-]{36})$/.exec(cursor);
  if (found === null) throw invalidRequest([{ path: 'cursor', rule: 'must be the cursor of a page' }]);
  return { buriedMicros: Number(found[1]), deadLetterId: found[2] };
}
