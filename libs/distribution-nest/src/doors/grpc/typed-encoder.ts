import { type DataFrame, type FrameEncoder, type SessionMessage } from '@distributary/distribution-core';
import { wireLaneName, wireMessage } from '../tenant-names.js';
import type { TypedMessages } from './grpc-door.js';
import { prefixed } from './message-framing.js';

export interface TypedMessagesOptions {
  /** Part of a feed's identity. */
  readonly name: string;
  /** Encodes the method's response type. */
  readonly serialize: (message: object) => Buffer;
  /** One stored event, parsed, as the message that stands for it. */
  readonly eventOf: (event: Readonly<Record<string, unknown>>) => object;
}

const TO_TELL: ReadonlySet<SessionMessage['type']> = new Set<SessionMessage['type']>(['subscribed', 'gap', 'status']);

/**
 * A response type with `lane`, `epoch`, `prev`, `pos`, `events`, `snapshot`, `last`, `merged…`, `left`, and `subscribed`,
 * `gap` and `status` as in `distributary.stream.v1`. Each event is transcoded once per feed, whatever its members.
 */
export function typedMessages({ name, serialize, eventOf }: TypedMessagesOptions): TypedMessages {
  const parse = (value: Uint8Array) => eventOf(JSON.parse(Buffer.from(value).toString()) as Record<string, unknown>);
  const frame = (message: object) => prefixed(serialize(message));
  const encoder: FrameEncoder = {
    name,
    data: (told) =>
      frame({
        ...laneOf(told),
        prev: told.prev,
        events: valuesOf(told).map(parse),
        ...conflationOf(told),
        dropped: told.dropped,
      }),
    position: (told) => frame({ ...laneOf(told), prev: told.prev }),
    snapshot: (told) => {
      const { isLast: last, values, dropped } = told;
      return frame({ ...laneOf(told), snapshot: true, last, events: values.map(parse), dropped });
    },
    mark: () => undefined,
  };
  const encode = (told: SessionMessage) =>
    TO_TELL.has(told.type) ? serialize({ [told.type]: wireMessage(told).payload }) : undefined;
  return { encoder, encode };
}

function laneOf({ lane, pos }: Pick<DataFrame, 'lane' | 'pos'>): object {
  return { lane: wireLaneName(lane), epoch: lane.epoch, pos };
}

function conflationOf({ conflation }: DataFrame): object {
  if (conflation === undefined) return {};
  return { merged: conflation.merged, merged_exact: conflation.mergedExact, left: conflation.left };
}

function valuesOf({ runs }: DataFrame): Uint8Array[] {
  return runs.flatMap(({ batch, from, to }) =>
    Array.from({ length: to - from }, (_, index) => batch.valueAt(from + index)),
  );
}
