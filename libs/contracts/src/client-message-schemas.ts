import { z } from 'zod';
import type { ClientPayloads } from './stream-messages.js';
import {
  ackSchema,
  creditSchema,
  helloSchema,
  historySchema,
  publishSchema,
  refreshSchema,
  subscribeSchema,
  unsubscribeSchema,
} from './stream-schemas.js';

/** Every message that a client may send, by its type. */
export const clientPayloadSchemas = {
  hello: helloSchema,
  subscribe: subscribeSchema,
  unsubscribe: unsubscribeSchema,
  ack: ackSchema,
  nack: ackSchema,
  credit: creditSchema,
  history: historySchema,
  publish: publishSchema,
  refresh: refreshSchema,
  ping: z.unknown(),
} satisfies { readonly [Type in keyof ClientPayloads]: z.ZodType };
