import type { Check } from './check.js';
import { CursorReader } from './cursor-reader.js';
import { DurableReader } from './durable-reader.js';
import { EveryLedger } from './every-ledger.js';
import type { Figures } from './figures.js';
import { figuresOf } from './figures.js';
import { WatchedLedger } from './watched-ledger.js';

export interface AudienceOptions {
  readonly urls: readonly string[];
  readonly topic: string;
  readonly run: string;
  readonly silentAfterMs?: number;
}

/** What was going to come has come. */
const QUIET_MS = 3_000;

interface Allowances {
  /** What at-least-once may repeat is known, since acknowledgements were not lost on their way. */
  readonly judgesRepeats: boolean;
}

interface Listener {
  readonly guarantee: 'at-least-once' | 'exactly-once' | 'at-most-once';
  readonly ledger: WatchedLedger;
  readonly reader: DurableReader | CursorReader;
}

/**
 * One subscriber of each guarantee, each with a ledger of its own:
 *
 * - at-least-once: durable, exclusive; acknowledges;
 * - exactly-once: keeps effects and cursor together, and thus must never see an event twice;
 * - at-most-once: durable, never acknowledges; what it misses must have been announced.
 */
export class Audience {
  private readonly listeners: readonly Listener[];
  private readonly most: Pick<Listener, 'ledger'> & { readonly reader: DurableReader };
  private quiet = { deliveries: -1, sinceMs: 0 };
  /** What producers tell. */
  readonly ledger: EveryLedger;
  readonly atLeastOnce: DurableReader;
  readonly exactlyOnce: CursorReader;

  constructor({ urls, topic, run, silentAfterMs }: AudienceOptions) {
    const [least, exact, most] = [new WatchedLedger(), new WatchedLedger(), new WatchedLedger()];
    const common = { urls, patterns: [topic], run, silentAfterMs };
    this.atLeastOnce = new DurableReader({ ...common, name: `least-${run}` }, least);
    this.exactlyOnce = new CursorReader(common, exact);
    const atMostOnce = new DurableReader({ ...common, name: `most-${run}`, guarantee: 'at_most_once' }, most);
    this.most = { ledger: most, reader: atMostOnce };
    this.listeners = [
      { guarantee: 'at-least-once', ledger: least, reader: this.atLeastOnce },
      { guarantee: 'exactly-once', ledger: exact, reader: this.exactlyOnce },
      { guarantee: 'at-most-once', ledger: most, reader: atMostOnce },
    ];
    this.ledger = new EveryLedger(this.listeners.map(({ ledger }) => ledger));
  }

  start(): void {
    for (const { reader } of this.listeners) reader.start();
  }

  stop(): void {
    for (const { reader } of this.listeners) reader.stop();
  }

  /** All are cut off at once, and come back. */
  cut(): void {
    for (const { reader } of this.listeners) reader.cut();
  }

  get hasBegun(): boolean {
    return this.listeners.every(({ reader }) => reader.hasBegun);
  }

  get due(): number {
    return this.ledger.due;
  }

  fault(): void {
    for (const { ledger } of this.listeners) ledger.fault();
  }

  get hasRecovered(): boolean {
    return this.listeners.every(({ ledger }) => ledger.hasRecovered);
  }

  /** For who waits in vain. */
  get awaited(): string {
    return this.listeners
      .map(
        ({ guarantee, ledger: { awaitedEvents: events } }) =>
          `${guarantee} ${events.length}: ${events.slice(0, 5).join(', ')}`,
      )
      .join('; ');
  }

  /** Of any key and any fault. */
  get longestRecoveryMs(): number {
    return this.listeners.reduce((longest, { ledger }) => Math.max(longest, Math.round(ledger.longestRecoveryMs)), 0);
  }

  /** Whoever is owed everything has it. */
  get isComplete(): boolean {
    return this.listeners.every(({ guarantee, ledger }) => guarantee === 'at-most-once' || ledger.isComplete);
  }

  /** Something seems to be missing without a word: where its other copies lie says whether it is. */
  get mayBeWrong(): boolean {
    return this.listeners.some(({ ledger }) => ledger.judge().unannounced > 0);
  }

  /** Who is not owed everything has it all the same, or nothing more comes. */
  get isQuiet(): boolean {
    const { most } = this;
    if (most.ledger.isComplete) return true;
    const nowMs = performance.now();
    if (most.reader.deliveries !== this.quiet.deliveries)
      this.quiet = { deliveries: most.reader.deliveries, sinceMs: nowMs };
    return nowMs - this.quiet.sinceMs >= QUIET_MS;
  }

  figures(): Figures[] {
    return this.listeners.map(({ guarantee, ledger }) => figuresOf(guarantee, ledger.judge(), ledger.recoveriesMs));
  }

  checks({ judgesRepeats }: Allowances): Check[] {
    return this.listeners.flatMap(({ guarantee, ledger, reader }) => {
      const found = ledger.judge();
      const own: Check[] = [
        { what: 'missing', found: found.missing, ...(guarantee === 'at-most-once' ? {} : { atMost: 0 }) },
        { what: 'missing outside an announced gap', found: found.unannounced, atMost: 0 },
        { what: 'first deliveries out of order in their key', found: found.outOfOrder, atMost: 0 },
        duplicates(guarantee, found.duplicated, reader, judgesRepeats),
        { what: 'events that no producer sent', found: found.unknown, atMost: 0 },
        { what: 'frames whose prev is not the pos before', found: reader.brokenChains, atMost: 0 },
        { what: 'keys that did not come back after a fault', found: ledger.unrecovered, atMost: 0 },
        { what: 'connections', found: reader.connections },
        { what: 'gaps announced', found: reader.gaps },
      ];
      return own.map((check) => ({ ...check, what: `${guarantee}: ${check.what}` }));
    });
  }

  notes(): string[] {
    return this.listeners.flatMap(({ guarantee, ledger, reader }) => [
      ...ledger.judge().examples.map((example) => `${guarantee}: ${example}`),
      ...[...reader.errors].map((error) => `${guarantee} was told ${error}`),
    ]);
  }
}

function duplicates(
  guarantee: Listener['guarantee'],
  found: number,
  reader: Listener['reader'],
  judgesRepeats: boolean,
): Check {
  if (guarantee === 'exactly-once') return { what: 'effects that happened twice', found, atMost: 0 };
  const what = 'duplicates';
  if (guarantee === 'at-most-once' || !judgesRepeats || !(reader instanceof DurableReader)) return { what, found };
  return { what: `${what}, at most what was unacknowledged at a loss`, found, atMost: reader.repeatable };
}
