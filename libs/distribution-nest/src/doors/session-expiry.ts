import type { Clock, Outlet, StreamSession } from '@distributary/distribution-core';

export interface OpenStream {
  readonly outlet: Outlet;
  readonly session: Pick<StreamSession, 'principal' | 'close'>;
}

const LOOK_EVERY_MS = 250;

/** Ends sessions whose token has expired, in one look at all of them; nothing runs while no token can expire. */
export class SessionExpiry {
  private isWatching = false;

  constructor(
    private readonly open: ReadonlySet<OpenStream>,
    private readonly clock: Clock,
  ) {}

  /** A session was opened, or has another token. */
  watch(): void {
    if (this.isWatching || !this.canAnyExpire()) return;
    this.isWatching = true;
    this.clock.after(LOOK_EVERY_MS, () => {
      this.isWatching = false;
      const nowMicros = this.clock.nowMicros();
      for (const stream of this.open) {
        const { expiresAtMicros } = stream.session.principal;
        if (expiresAtMicros !== undefined && expiresAtMicros <= nowMicros) endSession(stream, 'token_expired');
      }
      this.watch();
    });
  }

  private canAnyExpire(): boolean {
    for (const { session } of this.open) if (session.principal.expiresAtMicros !== undefined) return true;
    return false;
  }
}

/** Nothing more is sent to it. The connection's own end, which follows, takes it from the list of sessions. */
export function endSession({ outlet, session }: OpenStream, reason: 'revoked' | 'token_expired'): void {
  // Its subscriptions are detached before this returns; what it acknowledged is still being stored then.
  void session.close();
  outlet.send({ type: 'status', payload: { state: 'revoked' } });
  outlet.close(reason);
}
