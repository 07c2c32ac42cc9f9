import { serveParent } from '../child-program.js';
import { monotonicMicros } from '../monotonic-clock.js';
import { IdleConnection } from './idle-connection.js';
import type { IdleAnswer, IdleCommand, IdleCounts } from './idle-messages.js';

/** Many subscribers that wait, on one thread: a part of what `idle` connects. */
const HANDSHAKES_AT_ONCE = 64;
const CONNECT_DEADLINE_MS = 90_000;
const POLL_MS = 5;
const MAX_ERRORS = 5;

class IdleClient {
  private readonly connections: IdleConnection[] = [];
  private reached = 0;
  private pings = 0;
  private lastEventMicros = 0;

  async connect(target: Extract<IdleCommand, { type: 'connect' }>): Promise<void> {
    const endMs = performance.now() + CONNECT_DEADLINE_MS;
    const report = { onEvent: () => this.take(), onPing: () => this.pings++ };
    let opening: IdleConnection[] = [];
    while (performance.now() < endMs) {
      opening = opening.filter((each) => !each.isSubscribed && !each.isClosed);
      while (opening.length < HANDSHAKES_AT_ONCE && this.connections.length < target.count) {
        const connection = new IdleConnection(target, report);
        this.connections.push(connection);
        opening.push(connection);
      }
      if (opening.length === 0) return;
      await pause();
    }
  }

  async awaitEvents(deadlineMs: number): Promise<void> {
    const endMs = performance.now() + deadlineMs;
    while (this.reached < this.connections.length && performance.now() < endMs) await pause();
  }

  counts(): IdleCounts {
    const errors = this.connections.map(({ lastError }) => lastError).filter((error) => error !== undefined);
    return {
      open: this.connections.filter((each) => each.isSubscribed && !each.isClosed).length,
      reached: this.reached,
      pings: this.pings,
      lastEventMicros: this.lastEventMicros,
      errors: [...new Set(errors)].slice(0, MAX_ERRORS),
    };
  }

  private take(): void {
    this.reached++;
    this.lastEventMicros = monotonicMicros();
  }
}

const pause = () => new Promise((resolve) => setTimeout(resolve, POLL_MS));

const client = new IdleClient();

serveParent<IdleCommand, IdleAnswer>(async (command, answer) => {
  switch (command.type) {
    case 'connect':
      await client.connect(command);
      return answer({ type: 'connected', counts: client.counts() });
    case 'count':
      return answer({ type: 'counted', counts: client.counts() });
    case 'await-events':
      await client.awaitEvents(command.deadlineMs);
      return answer({ type: 'events', counts: client.counts() });
  }
});
