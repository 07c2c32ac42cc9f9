import { DistributaryError } from '../errors.js';
import type { ClientClock } from '../runtime.js';

const MAX_PENDING = 256;

interface Pending {
  readonly send: () => void;
  readonly resolve: (payload: unknown) => void;
  readonly reject: (error: DistributaryError) => void;
  isSent: boolean;
  cancelTimer: () => void;
}

/** Requests that wait for the message that answers them, found by their id. Bounded in number and in time. */
export class PendingRequests {
  private readonly pending = new Map<string, Pending>();

  constructor(
    private readonly clock: ClientClock,
    private readonly timeoutMs: number,
  ) {}

  /** Sent at once when `isOpen`, else by the next {@link connected}. The caller knows the answer's type. */
  add<Answer>(id: string, isOpen: boolean, send: () => void): Promise<Answer> {
    if (this.pending.size >= MAX_PENDING) {
      const said = `${MAX_PENDING} requests wait for an answer`;
      return Promise.reject(new DistributaryError('client.busy', said, { retryable: true }));
    }
    return new Promise<Answer>((resolve, reject) => {
      const cancelTimer = this.clock.after(this.timeoutMs, () => {
        const said = `no answer within ${this.timeoutMs} ms`;
        this.refuse(id, new DistributaryError('request.timeout', said, { retryable: true }));
      });
      const request = { send, resolve: resolve as (payload: unknown) => void, reject, isSent: isOpen, cancelTimer };
      this.pending.set(id, request);
      if (isOpen) send();
    });
  }

  connected(): void {
    for (const request of this.pending.values()) {
      if (request.isSent) continue;
      request.isSent = true;
      request.send();
    }
  }

  /** Whether those that were sent took effect is unknown now; the others go out with the next connection. */
  disconnected(error: DistributaryError): void {
    for (const [id, request] of this.pending) if (request.isSent) this.refuse(id, error);
  }

  failAll(error: DistributaryError): void {
    for (const id of this.pending.keys()) this.refuse(id, error);
  }

  answer(id: string, payload: unknown): void {
    this.remove(id)?.resolve(payload);
  }

  /** False when `id` is no request. */
  refuse(id: string, error: DistributaryError): boolean {
    const request = this.remove(id);
    request?.reject(error);
    return request !== undefined;
  }

  private remove(id: string): Pending | undefined {
    const request = this.pending.get(id);
    this.pending.delete(id);
    request?.cancelTimer();
    return request;
  }
}
