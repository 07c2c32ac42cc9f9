import type { SubscribePayload, WireStart } from '@distributary/contracts';
import type { DistributaryError } from '../errors.js';
import type { StreamEvent } from '../messages.js';
import { connect } from '../node/connect.js';
import type { ClientState, SubscribeOptions } from '../options.js';
import { eventLine } from './event-line.js';
import { UsageError } from './failure.js';
import { note, type Terminal, writeLine } from './terminal.js';

export interface TailOptions {
  readonly url: string;
  readonly filter?: string;
  readonly keys?: string;
  readonly dataTypes?: string;
  readonly services?: string;
  readonly symbols?: string;
  readonly exchanges?: string;
  readonly from?: string;
  readonly name?: string;
  readonly slowPolicy?: SubscribePayload['slow_policy'];
  readonly sse?: boolean;
  readonly json?: boolean;
  readonly limit?: number;
}

/** Events under way to a terminal that does not keep up. */
const CREDIT = 1_000;

const list = (text: string | undefined): string[] | undefined => text?.split(',').map((part) => part.trim());

export function startOf(text: string): WireStart {
  if (text === 'latest' || text === 'earliest' || text === 'snapshot') return text;
  if (text.startsWith('v1.')) return { cursor: text };
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text))) return { time: new Date(text).toISOString() };
  throw new UsageError(`--from: latest, earliest, snapshot, an ISO 8601 time or a cursor expected, not "${text}"`);
}

function subscribeOptions(patterns: readonly string[], options: TailOptions): SubscribeOptions {
  if (options.sse === true && options.name !== undefined) {
    throw new UsageError('--name needs the WebSocket: server-sent events cannot acknowledge');
  }
  return {
    patterns: patterns.length === 0 ? undefined : patterns,
    filter: options.filter,
    keys: list(options.keys),
    dataTypes: list(options.dataTypes),
    services: list(options.services),
    symbols: list(options.symbols),
    exchanges: list(options.exchanges),
    start: options.from === undefined ? undefined : startOf(options.from),
    name: options.name,
    slowPolicy: options.slowPolicy,
    ...(options.sse === true
      ? {}
      : { credit: Math.min(CREDIT, options.limit ?? CREDIT), autoAck: options.name !== undefined }),
  };
}

/** Until the limit, Ctrl-C, or something that waiting would not mend. A service that never answered is such a thing. */
export async function tail(terminal: Terminal, patterns: readonly string[], options: TailOptions): Promise<void> {
  const wanted = subscribeOptions(patterns, options);
  let wasOpen = false;
  let neverOpened: DistributaryError | undefined;
  const changed = (state: ClientState, error?: DistributaryError) => {
    if (state === 'open') {
      if (wasOpen) note(terminal, 'connected again');
      wasOpen = true;
    } else if (state === 'waiting' && wasOpen) {
      note(terminal, `connection lost, trying again: ${error?.message ?? ''}`);
    } else if (state === 'waiting') {
      neverOpened = error;
      client.close();
    }
  };
  const client = connect(options.url, {
    transport: options.sse === true ? 'sse' : 'websocket',
    token: terminal.token,
    clientName: 'distributary tail',
    onStateChange: changed,
    onError: (error) => note(terminal, `${error.code}: ${error.message}`),
  });
  // How one leaves a tail: no failure.
  const stop = () => client.close();
  const ends = [terminal.stop, terminal.outputClosed];
  for (const end of ends) end.addEventListener('abort', stop);
  let shown = 0;
  const show = async (event: StreamEvent, lane: string) => {
    shown += 1;
    const line =
      options.json === true ? JSON.stringify(event) : eventLine(event, lane, terminal.colors, terminal.columns);
    await writeLine(terminal, line);
  };
  try {
    const subscription = client.subscribe(wanted, {
      onEvents: async ({ events, lane }) => {
        // What waits behind the last one is not dealt with, and so never acknowledged; the subscription is about to end.
        if (shown === options.limit) return new Promise(() => undefined);
        for (const [index, event] of events.entries()) {
          await show(event, lane);
          if (shown !== options.limit) continue;
          // A batch that was shown in part must not be acknowledged; one that was shown whole must, and so ends later.
          if (index < events.length - 1) subscription.close();
          else setImmediate(() => subscription.close());
          return;
        }
      },
      onGap: ({ lane, reason, from, to, count }) =>
        note(terminal, `gap in ${lane}: ${count ?? 'some'} events may be missing (${reason}, ${from}..${to})`),
      onStatus: ({ state }) => note(terminal, `status: ${state}`),
      onError: (error) => note(terminal, `${error.code}: ${error.message}`),
    });
    const { error } = await subscription.ended;
    if (neverOpened !== undefined) throw neverOpened;
    if (error !== undefined) throw error;
  } finally {
    for (const end of ends) end.removeEventListener('abort', stop);
    client.close();
  }
}
