import type { Readable } from 'node:stream';
import {
  type ErrorPayload,
  MANAGEMENT_PACKAGE,
  MANAGEMENT_PROTOS,
  MARKET_DATA_PACKAGE,
  MARKET_DATA_PROTO,
  PROTO_LOADING,
} from '@distributary/contracts';
import {
  type AnyClient,
  type CommandDoor,
  errorOf,
  exchangeDoorOf,
  type Fields,
  grpcClientOf,
  listenTo,
  type Message,
  metadataOf,
  type Selection,
  type Stream,
  type StreamDoor,
  type TestedService,
  wireSelection,
} from '@distributary/distribution-service/testing';
import type { ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** What is not on the wire reads as its default. */
const definition = loadSync([MARKET_DATA_PROTO, ...MANAGEMENT_PROTOS], { ...PROTO_LOADING, defaults: true });

export const marketClient = (app: TestedService): AnyClient =>
  grpcClientOf(app, `${MARKET_DATA_PACKAGE}.MarketDataStream`, definition);

/** The administration of durable subscriptions. */
export const managementClient = (app: TestedService): AnyClient =>
  grpcClientOf(app, `${MANAGEMENT_PACKAGE}.SubscriptionManager`, definition);

type ExchangeClient = ReturnType<Parameters<typeof exchangeDoorOf>[0]>;

/** The whole protocol in one call. */
export const exchangeDoor: CommandDoor = exchangeDoorOf((app) => marketClient(app) as unknown as ExchangeClient);

/** Each frame of `StreamMarketData` as it came, and the record that the other doors have. */
export function openTyped(app: TestedService, request: Fields): Stream & { readonly frames: readonly Fields[] } {
  const client = marketClient(app);
  const frames: Fields[] = [];
  const messageOf = typedMessages();
  const call = client.StreamMarketData(request, metadataOf(app));
  const stream = listenTo(client, call, (frame) => {
    frames.push(frame);
    return messageOf(frame);
  });
  return { ...stream, frames };
}

/** The spec's method: one subscription, typed events. */
export const typedDoor: StreamDoor = {
  name: 'gRPC StreamMarketData',
  open: (app, selection) => Promise.resolve(openTyped(app, typedRequest(selection))),
};

function typedRequest(selection: Selection): Fields {
  const { name, exchanges, currencies, asset_classes, min_price, max_price, min_volume, max_volume, ...others } =
    selection;
  const bounds = { ...boundOf('min_price', min_price), ...boundOf('max_price', max_price) };
  const lists = { exchanges, currencies, asset_classes, min_volume, max_volume };
  const given = Object.entries(lists).filter(([, value]) => value !== undefined);
  return { ...wireSelection(others), subscription_name: name, filters: { ...bounds, ...Object.fromEntries(given) } };
}

const boundOf = (name: string, bound: number | string | undefined): Fields => {
  if (bound === undefined) return {};
  return typeof bound === 'string' ? { [`${name}_text`]: bound } : { [name]: bound };
};

/** Typed messages have no feed of their own: the one that `subscribed` named. */
function typedMessages(): (frame: Fields) => Message[] {
  let feed = 0;
  return (frame) => {
    if (frame.subscribed) {
      feed = (frame.subscribed as { feed: number }).feed;
      return [{ type: 'subscribed', payload: frame.subscribed } as Message];
    }
    if (frame.gap) return [{ type: 'gap', payload: frame.gap } as Message];
    if (frame.status) return [{ type: 'status', payload: frame.status } as Message];
    const { lane, epoch, prev, pos, last, snapshot, merged } = frame;
    const payload = { feed, lane, epoch, prev, pos, last, events: frame.events, ...(merged ? { merged } : {}) };
    return [{ type: snapshot === true ? 'snapshot' : 'data', payload } as unknown as Message];
  };
}

export interface HistoricalCall {
  readonly events: readonly Fields[];
  /** When each of them came, milliseconds. */
  readonly cameAt: readonly number[];
  /** Of the last frame; undefined before, and where there is none. */
  readonly cursor: string | undefined;
  readonly end: 'open' | 'whole' | ErrorPayload;
  pause(): void;
  resume(): void;
  close(): void;
}

/** `StreamHistoricalData`. */
export function openHistorical(app: TestedService, request: Fields): HistoricalCall {
  const client = marketClient(app);
  const call = client.StreamHistoricalData(request, metadataOf(app)) as unknown as Readable & { cancel(): void };
  const came = {
    events: [] as Fields[],
    cameAt: [] as number[],
    cursor: undefined as string | undefined,
    end: 'open' as HistoricalCall['end'],
    pause: () => void call.pause(),
    resume: () => void call.resume(),
    close: () => {
      call.cancel();
      client.close();
    },
  };
  call.on('data', ({ events, cursor, _cursor: hasCursor }: Fields) => {
    came.events.push(...(events as Fields[]));
    for (let each = 0; each < (events as Fields[]).length; each++) came.cameAt.push(performance.now());
    if (hasCursor !== undefined) came.cursor = cursor as string;
  });
  call.on('error', (error: ServiceError) => (came.end = errorOf(error.metadata, error.details)));
  call.on('end', () => (came.end = came.end === 'open' ? 'whole' : came.end));
  return came;
}
