import { encodeCursor, type FrameEncoder, type LanePosition } from '@distributary/distribution-core';
import { dataMessage, positionMessage, snapshotMessage } from '../json-messages.js';
import { wirePositions } from '../tenant-names.js';

/**
 * One server-sent event a message; its `id` is the cursor after it, so that `Last-Event-ID` resumes. Within a snapshot
 * there is none: the cursor is that of its end, and who came back with it would never see the rest.
 */
export function sseEncoder(catalogVersion: () => number): FrameEncoder {
  const cursorOf = (positions: () => readonly LanePosition[]) =>
    encodeCursor({ catalogVersion: catalogVersion(), positions: wirePositions(positions()) });
  return {
    name: 'sse',
    data: (frame) => serverSentEvent('data', dataMessage(frame), cursorOf(frame.positions)),
    position: (frame) => serverSentEvent('position', positionMessage(frame), cursorOf(frame.positions)),
    snapshot: (frame) =>
      serverSentEvent('snapshot', snapshotMessage(frame), frame.isLastOfAll ? cursorOf(frame.positions) : undefined),
    mark: () => undefined,
  };
}

/** The parts are one JSON text without line breaks (ingest stores events that way). */
export function serverSentEvent(name: string, parts: readonly Uint8Array[], id?: string): Buffer {
  const head = id === undefined ? `event: ${name}\ndata: ` : `event: ${name}\nid: ${id}\ndata: `;
  return Buffer.concat([Buffer.from(head), ...parts, Buffer.from('\n\n')]);
}
