import { once } from 'node:events';
import type { SubscribePayload } from '@distributary/contracts';
import {
  connectWebSocket,
  type ServiceProcesses,
  type WebSocketStream,
} from '@distributary/distribution-service/testing';

/** One session of a shared subscription at one process; it acknowledges what it is sent until it is told to hold. */
export class SharedReader {
  /** In the order in which they came, copies too. */
  readonly ids: string[] = [];
  private isHolding = false;
  private taken = 0;
  private readonly generation: number;

  static async join(
    service: Pick<ServiceProcesses, 'httpUrl'>,
    selection: Omit<SubscribePayload, 'id'>,
  ): Promise<SharedReader> {
    const stream = await connectWebSocket({
      streamUrl: `${service.httpUrl}/api/v1/market-data/stream`,
      headers: {},
      messageProblem: () => undefined,
    });
    stream.send('subscribe', { id: 's', ...selection });
    const { generation } = await stream.record.next('subscribed', 30_000);
    return new SharedReader(stream, generation as number);
  }

  private constructor(
    readonly stream: WebSocketStream,
    generation: number,
  ) {
    this.generation = generation;
    stream.socket.on('message', () => this.take());
    this.take();
  }

  /** From now on it acknowledges nothing. */
  hold(): void {
    this.isHolding = true;
  }

  acknowledge(ids: readonly string[]): void {
    if (ids.length > 0) this.stream.send('ack', { id: 's', generation: this.generation, event_ids: [...ids] });
  }

  refuse(ids: readonly string[], delayMs: number): void {
    this.stream.send('nack', { id: 's', generation: this.generation, event_ids: [...ids], delay_ms: delayMs });
  }

  async close(): Promise<void> {
    this.stream.socket.close();
    if (this.stream.record.end === undefined) await once(this.stream.socket, 'close');
  }

  private take(): void {
    const received = this.stream.record.received();
    const ids = received.slice(this.taken).map(({ event_id }) => String(event_id));
    this.taken = received.length;
    this.ids.push(...ids);
    if (!this.isHolding) this.acknowledge(ids);
  }
}
