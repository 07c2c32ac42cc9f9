import type { DistributaryError } from '../errors.js';
import { eventIdOf } from '../event-window.js';
import type { SubscriptionHandlers } from '../options.js';

/** Handlers that write down in one line per message what came, in order. */
export function transcript(): {
  readonly lines: string[];
  readonly errors: DistributaryError[];
} & SubscriptionHandlers {
  const lines: string[] = [];
  const errors: DistributaryError[] = [];
  return {
    lines,
    errors,
    onEvents: (batch) => {
      const kind = batch.isSnapshot ? (batch.isLastOfSnapshot ? 'last snapshot' : 'snapshot') : 'events';
      lines.push(`${kind} ${batch.events.map(eventIdOf).join(',')}`);
    },
    onGap: ({ reason, from, to }) => void lines.push(`gap ${reason} ${from}..${to}`),
    onStatus: ({ state }) => void lines.push(`status ${state}`),
    onSubscribed: ({ recovered }) => void lines.push(`subscribed ${recovered}`),
    onError: (error) => void errors.push(error),
  };
}
