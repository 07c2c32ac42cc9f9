import { helloSchema } from '@distributary/contracts';
import { DistributionError, type Principal } from '@distributary/distribution-core';
import type { AccessControl } from '../../auth/access-control.js';
import { parseWith } from '../stream-commands.js';
import type { StreamCommand } from '../stream-connection.js';

interface WaitingCommand {
  readonly type: StreamCommand;
  readonly payload: unknown;
}

/** Commands that may come behind a `hello` whose token is still being looked at. */
const MAX_WAITING = 64;

/**
 * A WebSocket client that has not said yet who it is. Nothing is done for it but to look at its first `hello`; what comes
 * behind that waits for the outcome, what comes before it is refused.
 */
export class PendingClient {
  private readonly waiting: WaitingCommand[] = [];
  private isAsking = false;
  private isRefused = false;

  constructor(
    private readonly access: AccessControl,
    private readonly onKnown: (principal: Principal, waiting: readonly WaitingCommand[]) => void,
    private readonly onRefused: (error: unknown) => void,
  ) {}

  command(type: StreamCommand, payload: unknown): void {
    if (this.isRefused) return;
    if (this.isAsking) {
      if (this.waiting.length >= MAX_WAITING)
        return this.refuse(new DistributionError('gateway.full', 'too many commands'));
      this.waiting.push({ type, payload });
    } else if (type === 'hello') {
      this.isAsking = true;
      this.authenticate(payload).then(
        (principal) => {
          if (!this.isRefused) this.onKnown(principal, this.waiting);
        },
        (error: unknown) => this.refuse(error),
      );
    } else {
      this.refuse(new DistributionError('auth.missing', 'the first message must be hello with a token'));
    }
  }

  private async authenticate(payload: unknown): Promise<Principal> {
    return this.access.authenticate(parseWith(helloSchema, payload).token);
  }

  private refuse(error: unknown): void {
    if (this.isRefused) return;
    this.isRefused = true;
    this.waiting.length = 0;
    this.onRefused(error);
  }
}
