import type { ClientPayloads, SubscribePayload } from '@distributary/contracts';
import type { TestApp } from '../harness.js';
import type { StreamRecord } from './stream-record.js';

export type Selection = Omit<SubscribePayload, 'id'>;

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
  open(app: TestApp, selection: Selection): Promise<Stream>;
}

/** A door that has the whole protocol. */
export interface CommandDoor extends StreamDoor {
  connect(app: TestApp): Promise<CommandStream>;
}

/** Opens and waits for the answer. */
export async function subscribed(door: StreamDoor, app: TestApp, selection: Selection): Promise<Stream> {
  const stream = await door.open(app, selection);
  await stream.record.next('subscribed');
  return stream;
}
