import {
  clientPayloadSchemas,
  serverPayloadSchemas,
  SUBPROTOCOL_BINARY,
  SUBPROTOCOL_JSON,
} from '@distributary/contracts';
import { z } from 'zod';
import { querySchemaFor, schemaFor, type SelectsByFields } from '../doors/selection-fields.js';
import { streamQuerySchema } from '../doors/stream-query-schema.js';
import { type JsonSchema, OpenApiSchemas } from './open-api-schemas.js';

export interface AsyncApiText {
  readonly title: string;
  readonly description: string;
  readonly version: string;
  /** Of the stream, `/api/v1/monitoring/stream`. */
  readonly streamPath: string;
  /** What is stored and sent, if the subscription does not ask for another shape. */
  readonly eventSchema: z.ZodType;
  /** By what the domain selects; nothing of its own by default. */
  readonly domain?: SelectsByFields;
}

export const ASYNC_API_JSON_PATH = 'api/asyncapi.json';

const SUMMARIES: Readonly<Record<string, string>> = {
  hello: 'Says who calls, within five seconds, if neither a header nor the query did',
  subscribe: 'Starts a subscription; one with a name is durable',
  unsubscribe: 'Ends a subscription of this connection',
  ack: 'Events have taken effect',
  nack: 'Events are to be sent again',
  credit: 'More events may be sent',
  history: 'Asks for stored events, page by page',
  publish: 'Publishes events',
  refresh: 'A new token for this connection',
  ping: 'Asks for a pong',
  welcome: 'The connection is there; its limits',
  subscribed: 'The subscription has begun; the feed that its frames carry',
  unsubscribed: 'The subscription has ended',
  data: 'Events of one lane, after prev and up to pos',
  snapshot: 'The latest event of each key, up to pos',
  position: 'All that matched up to pos has been sent',
  gap: 'Events between from and to may be missing, and why',
  status: 'How the subscription is doing',
  error: 'A command or a subscription has failed',
  bye: 'The server closes the connection, and when to come back',
  published: 'The broker has the events; one result for each',
  refreshed: 'The new token holds',
  pong: 'The answer to a ping',
};

const SECURITY = [{ $ref: '#/components/securitySchemes/bearer' }, { $ref: '#/components/securitySchemes/api_key' }];
const SUBSCRIPTION = new Set(['data', 'snapshot', 'position', 'gap', 'status', 'error', 'subscribed', 'bye']);

/** AsyncAPI 3.0 of the stream, of both doors that speak its JSON, made of the schemas that the service itself uses. */
export function asyncApiDocument(text: AsyncApiText): JsonSchema {
  const { title, description, version, streamPath, eventSchema, domain = {} } = text;
  const schemas = new OpenApiSchemas();
  const components: Record<string, JsonSchema> = {};
  const add = (side: 'client' | 'server', types: Readonly<Record<string, z.ZodType>>): readonly string[] =>
    Object.entries(types).map(([type, payload]) => {
      const name = `${side}_${type}`;
      components[name] = messageOf(name, type, side, payload, schemas);
      return name;
    });
  const fromClient = add('client', withSelections(domain));
  const fromServer = add('server', withEvents(eventSchema));
  const overSse = fromServer.filter((name) => SUBSCRIPTION.has(name.slice('server_'.length)));
  const query = schemas.schemaOf(querySchemaFor(streamQuerySchema, domain), 'input');
  return {
    asyncapi: '3.0.0',
    info: { title, description, version },
    defaultContentType: 'application/json',
    channels: {
      stream: {
        address: streamPath,
        title: 'WebSocket',
        description: `Subprotocols: ${SUBPROTOCOL_JSON} (the default), ${SUBPROTOCOL_BINARY}. Query parameters start a subscription at once.`,
        messages: references([...fromClient, ...fromServer], '#/components/messages/'),
        bindings: { ws: { method: 'GET', query, bindingVersion: '0.1.0' } },
      },
      events: {
        address: streamPath,
        title: 'Server-sent events',
        description: 'With Accept: text/event-stream. The id of each event is a cursor; Last-Event-ID resumes.',
        messages: references(overSse, '#/components/messages/'),
      },
    },
    operations: {
      command: operation('receive', 'stream', fromClient, 'What clients send'),
      tell: operation('send', 'stream', fromServer, 'What clients are told'),
      show: operation('send', 'events', overSse, 'What is shown over server-sent events'),
    },
    components: {
      messages: components,
      schemas: schemas.components,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        api_key: { type: 'httpApiKey', in: 'header', name: 'x-api-key' },
      },
    },
  };
}

function withSelections(domain: SelectsByFields): Readonly<Record<string, z.ZodType>> {
  const { subscribe, history } = clientPayloadSchemas;
  return { ...clientPayloadSchemas, subscribe: schemaFor(subscribe, domain), history: schemaFor(history, domain) };
}

function withEvents(event: z.ZodType): Readonly<Record<string, z.ZodType>> {
  const events = z.array(z.union([event, z.record(z.string(), z.unknown())]));
  const { data, snapshot, history, ...others } = serverPayloadSchemas;
  return {
    ...others,
    data: data.extend({ events }),
    snapshot: snapshot.extend({ events }),
    history: history.extend({ events }),
  };
}

function messageOf(
  name: string,
  type: string,
  side: 'client' | 'server',
  payload: z.ZodType,
  schemas: OpenApiSchemas,
): JsonSchema {
  const io = side === 'client' ? 'input' : 'output';
  const required = side === 'client' ? ['type'] : ['type', 'payload', 'timestamp'];
  return {
    name,
    title: type,
    summary: SUMMARIES[type] ?? type,
    payload: {
      type: 'object',
      properties: {
        type: { const: type },
        payload: schemas.schemaOf(payload, io),
        timestamp: { type: 'string', format: 'date-time' },
      },
      required,
    },
  };
}

const operation = (action: string, channel: string, messages: readonly string[], summary: string): JsonSchema => ({
  action,
  summary,
  channel: { $ref: `#/channels/${channel}` },
  messages: messages.map((name) => ({ $ref: `#/channels/${channel}/messages/${name}` })),
  security: SECURITY,
});

const references = (names: readonly string[], root: string): JsonSchema =>
  Object.fromEntries(names.map((name) => [name, { $ref: `${root}${name}` }]));
