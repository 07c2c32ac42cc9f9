import { creditSchema, publishSchema, type PublishResult, unsubscribeSchema } from '@distributary/contracts';
import {
  DistributionError,
  type History,
  type Outlet,
  type Principal,
  type StreamSession,
} from '@distributary/distribution-core';
import type { AccessControl } from '../auth/access-control.js';
import { errorPayloadOf } from '../errors/stream-error.js';
import { parseAck, parseHistory, parseSubscribe, parseWith } from './stream-commands.js';
import { historyPage } from './history-page.js';
import { isoTime } from './json-messages.js';
import { refreshedPrincipal } from './refreshed-principal.js';
import { qualifiedAck, qualifiedSubscribe } from './tenant-names.js';
import type { StreamVocabulary } from './stream-vocabulary.js';

/** Commands of one connection that may wait for the ones before them. */
const MAX_WAITING_COMMANDS = 256;

const STREAM_COMMANDS = [
  'hello',
  'subscribe',
  'unsubscribe',
  'ack',
  'nack',
  'credit',
  'history',
  'publish',
  'refresh',
  'ping',
] as const;
export type StreamCommand = (typeof STREAM_COMMANDS)[number];

const COMMAND_NAMES: ReadonlySet<string> = new Set(STREAM_COMMANDS);
export const isStreamCommand = (name: string): name is StreamCommand => COMMAND_NAMES.has(name);

/** One command of one connection, to whoever measures or traces it. */
export interface CommandCall {
  readonly type: StreamCommand;
  readonly payload: unknown;
  /** The transport, as its encoder is named. */
  readonly door: string;
  readonly principal: Principal;
}

/** Runs the command, and lets its result or failure pass. */
export type AroundCommand = (call: CommandCall, run: () => Promise<void>) => Promise<void>;

/** The same for all connections of a process. */
export interface StreamConnectionDependencies {
  readonly aroundCommand?: AroundCommand;
  readonly vocabulary: StreamVocabulary;
  readonly history: History;
  readonly publish: (events: readonly unknown[], principal: Principal) => Promise<readonly PublishResult[]>;
  readonly access: AccessControl;
  /** The session has another token. */
  readonly onRefreshed: () => void;
  readonly nowMicros: () => number;
  readonly onUnexpected: (error: unknown) => void;
}

/**
 * The commands of one connection, the same on every transport that has commands. One after another, in the order in
 * which they came; a refused one answers `error` with the id that it named.
 */
export class StreamConnection {
  private last: Promise<void> = Promise.resolve();
  private waiting = 0;

  constructor(
    private readonly deps: StreamConnectionDependencies,
    /** As its encoder is named. */
    private readonly door: string,
    private readonly session: StreamSession,
    private readonly outlet: Outlet,
  ) {}

  command(type: StreamCommand, payload: unknown): Promise<void> {
    if (this.waiting >= MAX_WAITING_COMMANDS) {
      this.outlet.close('overloaded');
      return this.last;
    }
    this.waiting++;
    this.last = this.last.then(async () => {
      try {
        await this.run(type, payload);
      } catch (error) {
        if (!(error instanceof DistributionError)) this.deps.onUnexpected(error);
        this.outlet.send({ type: 'error', payload: errorPayloadOf(error, idOf(payload)) });
      } finally {
        this.waiting--;
      }
    });
    return this.last;
  }

  private run(type: StreamCommand, payload: unknown): Promise<void> {
    const { door, session } = this;
    const { aroundCommand } = this.deps;
    if (aroundCommand === undefined) return this.execute(type, payload);
    return aroundCommand({ type, payload, door, principal: session.principal }, () => this.execute(type, payload));
  }

  private async execute(type: StreamCommand, payload: unknown): Promise<void> {
    const { session, outlet } = this;
    const { vocabulary } = this.deps;
    const { principal } = session;
    const { tenant } = principal;
    switch (type) {
      case 'subscribe':
        return session.subscribe(qualifiedSubscribe(tenant, parseSubscribe(payload, vocabulary)));
      case 'unsubscribe':
        return session.unsubscribe(parseWith(unsubscribeSchema, payload).id);
      case 'ack':
        return session.ack(qualifiedAck(tenant, parseAck(payload)));
      case 'nack':
        return session.nack(qualifiedAck(tenant, parseAck(payload)));
      case 'credit': {
        const { id, events } = parseWith(creditSchema, payload);
        return session.credit(id, events);
      }
      case 'publish': {
        const { id, events } = parseWith(publishSchema, payload);
        const results = await this.deps.publish(events, principal);
        return outlet.send({ type: 'published', payload: { id, results } });
      }
      case 'ping':
        return outlet.send({ type: 'pong', payload: { echo: payload, server_time: isoTime(this.deps.nowMicros()) } });
      case 'hello':
        return;
      case 'history': {
        const { id, output, ...asked } = parseHistory(payload, vocabulary);
        const request = { ...asked, output: await session.outputOf(output) };
        const page = await historyPage(this.deps.history, principal, request);
        return outlet.send({ type: 'history', payload: { id, ...page } });
      }
      case 'refresh': {
        await session.changePrincipal(await refreshedPrincipal(this.deps.access, principal, payload));
        this.deps.onRefreshed();
        return outlet.send({ type: 'refreshed', payload: {} });
      }
    }
  }
}

function idOf(payload: unknown): string | undefined {
  if (typeof payload !== 'object' || payload === null || !('id' in payload)) return undefined;
  return typeof payload.id === 'string' ? payload.id : undefined;
}
