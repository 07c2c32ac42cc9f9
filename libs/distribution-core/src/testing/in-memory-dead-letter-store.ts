import type { DeadLetterReason } from '../delivery/dead-letter.js';
import type {
  DeadLetter,
  DeadLetterFilter,
  DeadLetterPlace,
  DeadLetterStatus,
  DeadLetterStore,
  NewDeadLetter,
  ReplayTarget,
} from '../ports/dead-letter-store.port.js';
import type { LanePosition } from '../position.js';

/** Keeps letters for as long as it lives. */
export class InMemoryDeadLetterStore implements DeadLetterStore {
  private letters: DeadLetter[] = [];

  async bury(letter: NewDeadLetter): Promise<void> {
    const known = this.letters.find(
      (one) => one.subscriptionId === letter.subscriptionId && isSamePlace(one.at, letter.at),
    );
    const fresh = { status: 'dead', replayTarget: undefined, changedMicros: letter.lastFailureMicros } as const;
    if (known === undefined) {
      this.letters.push({ ...letter, ...fresh, replays: 0 });
      return;
    }
    const attempts = known.status === 'dead' ? letter.attempts : known.attempts + letter.attempts;
    const { reason, fault, lastFailureMicros, buriedMicros, letter: place } = letter;
    this.replace({ ...known, ...fresh, attempts, reason, fault, lastFailureMicros, buriedMicros, letter: place });
  }

  async failedAgain(
    subscriptionId: string,
    letter: LanePosition,
    failure: { readonly reason: DeadLetterReason; readonly attempts: number; readonly atMicros: number },
  ): Promise<void> {
    for (const one of this.letters) {
      if (one.subscriptionId !== subscriptionId || !isSamePlace(one.letter, letter)) continue;
      if (one.status !== 'replaying') continue;
      const { reason, attempts, atMicros } = failure;
      this.replace({
        ...one,
        status: 'dead',
        replayTarget: undefined,
        reason,
        attempts: one.attempts + attempts,
        lastFailureMicros: atMicros,
        changedMicros: atMicros,
      });
    }
  }

  async list(filter: DeadLetterFilter, limit: number, after?: DeadLetterPlace): Promise<readonly DeadLetter[]> {
    return this.sorted()
      .filter((letter) => isSelected(letter, filter))
      .filter((letter) => after === undefined || placeText(letter) > placeText(after))
      .slice(0, limit);
  }

  async beginReplay(
    filter: DeadLetterFilter,
    target: ReplayTarget,
    limit: number,
    nowMicros: number,
  ): Promise<readonly DeadLetter[]> {
    const chosen = this.sorted()
      .filter((letter) => isSelected(letter, filter))
      .filter(({ status, replayTarget }) => status === 'dead' || (status === 'replaying' && replayTarget === target))
      .slice(0, limit);
    return chosen.map((letter) => {
      if (letter.status === 'replaying') return letter;
      const begun: DeadLetter = {
        ...letter,
        status: 'replaying',
        replayTarget: target,
        replays: letter.replays + 1,
        changedMicros: nowMicros,
      };
      this.replace(begun);
      return begun;
    });
  }

  async settle(
    ids: readonly string[],
    from: readonly DeadLetterStatus[],
    to: DeadLetterStatus,
    nowMicros: number,
  ): Promise<number> {
    const found = this.letters.filter((one) => ids.includes(one.deadLetterId) && from.includes(one.status));
    for (const one of found) this.replace({ ...one, status: to, changedMicros: nowMicros });
    return found.length;
  }

  async inReplay(subscriptionId: string, limit: number): Promise<readonly DeadLetter[]> {
    return this.sorted()
      .filter((one) => one.subscriptionId === subscriptionId && isOnItsWay(one))
      .slice(0, limit);
  }

  async subscriptionsInReplay(): Promise<readonly string[]> {
    return [...new Set(this.letters.filter(isOnItsWay).map(({ subscriptionId }) => subscriptionId))];
  }

  async countDead(sinceMicros = 0): Promise<readonly { readonly tenant: string; readonly count: number }[]> {
    const counts = new Map<string, number>();
    for (const { tenant, status, buriedMicros } of this.letters) {
      if (status === 'dead' && buriedMicros >= sinceMicros) counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
    }
    return [...counts].map(([tenant, count]) => ({ tenant, count }));
  }

  async prune(beforeMicros: number): Promise<number> {
    const kept = this.letters.filter(({ buriedMicros }) => buriedMicros >= beforeMicros);
    const pruned = this.letters.length - kept.length;
    this.letters = kept;
    return pruned;
  }

  private sorted(): DeadLetter[] {
    return [...this.letters].sort((one, other) => (placeText(one) < placeText(other) ? -1 : 1));
  }

  private replace(letter: DeadLetter): void {
    this.letters = this.letters.map((one) => (one.deadLetterId === letter.deadLetterId ? letter : one));
  }
}

const isOnItsWay = ({ status, replayTarget }: DeadLetter): boolean =>
  status === 'replaying' && replayTarget === 'subscription';

const placeText = ({ buriedMicros, deadLetterId }: DeadLetterPlace): string =>
  `${String(buriedMicros).padStart(20, '0')} ${deadLetterId}`;

function isSamePlace(one: LanePosition, other: LanePosition): boolean {
  return (
    one.topic === other.topic &&
    one.partition === other.partition &&
    one.epoch === other.epoch &&
    one.position === other.position
  );
}

function isSelected(letter: DeadLetter, filter: DeadLetterFilter): boolean {
  const { ids, fromMicros, toMicros } = filter;
  return (
    letter.tenant === filter.tenant &&
    (ids === undefined || ids.includes(letter.deadLetterId)) &&
    (filter.subscriptionId === undefined || filter.subscriptionId === letter.subscriptionId) &&
    (filter.topic === undefined || filter.topic === letter.at.topic) &&
    (filter.reason === undefined || filter.reason === letter.reason) &&
    (filter.fault === undefined || filter.fault === letter.fault) &&
    (filter.status === undefined || filter.status === letter.status) &&
    (fromMicros === undefined || letter.buriedMicros >= fromMicros) &&
    (toMicros === undefined || letter.buriedMicros < toMicros)
  );
}
