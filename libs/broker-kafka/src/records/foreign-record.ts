import { type EventRecord, foreignValue } from '@distributary/distribution-core';

/** A record of a topic that others write: it has no header `dx`. All bytes are views; copy what is kept. */
export interface ForeignRecord {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: string;
  readonly offset: number;
  readonly timeMicros: number;
  readonly key: Buffer | undefined;
  /** Undefined for a tombstone. */
  readonly value: Buffer | undefined;
  readonly headers: readonly (readonly [name: string, value: Buffer])[];
}

/** What a record of others is as an event. Must not throw, and must say the same of the same record every time. */
export type ForeignDecoder = (record: ForeignRecord) => EventRecord;

const TRACEPARENT = 'traceparent';

/**
 * Its id is its place, which is the same for every reader. Its value is a {@link foreignValue}.
 */
export const decodeForeign: ForeignDecoder = ({ partition, epoch, offset, timeMicros, key, value, headers }) => {
  const traceparent = headers.find(([name]) => name === TRACEPARENT)?.[1].toString();
  return {
    eventId: `${epoch}-${partition}-${offset}`,
    timeMicros,
    routingKey: key?.toString() ?? '',
    attributes: {},
    value: foreignValue(value),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
};
