import type { ClientPayloads, MarketSelectionInput, SubscribePayload } from '@distributary/contracts';
import { until } from '@distributary/distribution-core/testing';
import type { TestedService } from './tested-service.js';
import type { StreamRecord } from './stream-record.js';

/** Of any service: each of them refuses the fields of the others. */
export type Selection = Omit<SubscribePayload, 'id'> & Omit<MarketSelectionInput, keyof SubscribePayload>;

/** One connection. `close` throws if what was told is not whole. */
export interface Stream {
  readonly record: StreamRecord;
  close(): Promise<void>;
}

export interface CommandStream extends Stream {
  send<Type extends keyof ClientPayloads>(type: Type, payload: ClientPayloads[Type]): void;
}

/** A door that shows one selection. */
export interface StreamDoor {
  readonly name: string;
  /** Connected and asked, but not answered yet. */
  open(app: TestedService, selection: Selection): Promise<Stream>;
}

/** A door that has the whole protocol. */
export interface CommandDoor extends StreamDoor {
  connect(app: TestedService): Promise<CommandStream>;
}

/** Opens and waits for the answer. */
export async function subscribed(door: StreamDoor, app: TestedService, selection: Selection): Promise<Stream> {
  const stream = await door.open(app, selection);
  await stream.record.next('subscribed');
  return stream;
}

/**
 * Subscribes to a durable subscription that another session has just left, as often as it takes: the session before gives
 * its right up when the service notices that it is gone.
 */
export function reopened(door: CommandDoor, app: TestedService, selection: Selection): Promise<CommandStream> {
  return until('the subscription to be free', async () => {
    const stream = await door.connect(app);
    stream.send('subscribe', { id: 's', ...selection });
    await until('an answer', () => stream.record.of('subscribed').length + stream.record.of('error').length > 0);
    if (stream.record.of('subscribed').length > 0) return stream;
    const refusals = stream.record.of('error').filter(({ code }) => code !== 'subscription.taken');
    await stream.close();
    if (refusals.length > 0) throw new Error(`refused: ${JSON.stringify(refusals)}`);
    return undefined;
  });
}
