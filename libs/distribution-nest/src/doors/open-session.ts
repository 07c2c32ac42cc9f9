import type { Outlet, StreamSession } from '@distributary/distribution-core';
import type { StreamConnection } from './stream-connection.js';

/** A session that was let in, on whichever transport. */
export class OpenSession {
  constructor(
    readonly id: string,
    readonly outlet: Outlet,
    readonly session: StreamSession,
    readonly connection: StreamConnection,
    private readonly admission: { release(): void } | undefined,
    private readonly onClosed: (closed: OpenSession) => void,
  ) {}

  async close(): Promise<void> {
    this.onClosed(this);
    this.admission?.release();
    await this.session.close();
  }
}
