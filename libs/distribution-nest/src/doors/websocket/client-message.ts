/** What a client says: a command, if it is one that we know. */
export interface ClientMessage {
  readonly type: string;
  readonly payload: unknown;
}

/** Undefined: it is no message of the protocol at all. */
export function parseClientMessage(text: string): ClientMessage | undefined {
  try {
    const message: unknown = JSON.parse(text);
    if (typeof message === 'object' && message !== null && 'type' in message && typeof message.type === 'string') {
      return { type: message.type, payload: 'payload' in message ? message.payload : undefined };
    }
  } catch {
    // As said above.
  }
  return undefined;
}
