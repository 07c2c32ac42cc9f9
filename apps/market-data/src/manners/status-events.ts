import { createHash } from 'node:crypto';
import type { MarketDataEventInput } from '@distributary/contracts';
import { isoOfMicros } from '@distributary/distribution-service';
import type { SequenceGap, SequenceStream } from './sequence-gaps.js';

/** The name under which this service speaks of itself. */
export const OWN_SERVICE = 'market-data-distribution';

type StatusInput = Extract<MarketDataEventInput, { data_type: 'STATUS' }>;

/**
 * Numbers of a source that never came. The id says which, so that it is one event even if two processes tell of it, or one
 * twice.
 */
export function gapEvent(gap: SequenceGap, nowMicros: number): StatusInput {
  const { first, last, ...stream } = gap;
  const count = last - first + 1;
  return {
    ...statusAt(nowMicros),
    event_id: idOf(['gap', nameOf(stream), `${first}-${last}`, dayOf(nowMicros)]),
    data: {
      status: 'sequence_gap',
      ...subjectOf(stream),
      timestamp: isoOfMicros(nowMicros),
      first_missing: first,
      last_missing: last,
      detail: `${count} ${count === 1 ? 'event' : 'events'} of ${gap.source} never came`,
    },
  };
}

export function resetEvent(stream: SequenceStream, nowMicros: number): StatusInput {
  return {
    ...statusAt(nowMicros),
    event_id: idOf(['reset', nameOf(stream), isoOfMicros(nowMicros)]),
    data: {
      status: 'sequence_reset',
      ...subjectOf(stream),
      timestamp: isoOfMicros(nowMicros),
      detail: `${stream.source} numbers its events from the beginning`,
    },
  };
}

/** `silentMs`: since it was heard last, now that it was not heard for too long, or that it is heard again. */
export function freshnessEvent(
  status: 'stale' | 'fresh',
  source: string,
  silentMs: number,
  nowMicros: number,
): StatusInput {
  const lastEventAt = isoOfMicros(nowMicros - silentMs * 1_000);
  return {
    ...statusAt(nowMicros),
    event_id: idOf([status, source, lastEventAt]),
    data: {
      status,
      source,
      timestamp: isoOfMicros(nowMicros),
      last_event_at: lastEventAt,
      detail: `${source} ${status === 'stale' ? 'has been silent' : 'was silent'} for ${Math.round(silentMs / 1_000)} s`,
    },
  };
}

const statusAt = (nowMicros: number) => ({
  data_type: 'STATUS' as const,
  timestamp: isoOfMicros(nowMicros),
  metadata: { source: OWN_SERVICE },
});

const subjectOf = ({ assetClass, ...names }: SequenceStream) => ({
  ...names,
  ...(assetClass !== undefined && { asset_class: assetClass }),
});

const nameOf = ({ source, channel, symbol, exchange }: SequenceStream): string =>
  channel === undefined ? `${source}:${symbol}.${exchange}` : `${source}:${channel}`;

/** Sources count anew every day. */
const dayOf = (nowMicros: number): string => isoOfMicros(nowMicros).slice(0, 10);

const MAX_ID_LENGTH = 200;

/** Names of sources and channels may be a hundred characters each. */
function idOf(parts: readonly string[]): string {
  const id = parts.join(':');
  return id.length <= MAX_ID_LENGTH ? id : `${parts[0]}:${createHash('sha256').update(id).digest('hex')}`;
}
