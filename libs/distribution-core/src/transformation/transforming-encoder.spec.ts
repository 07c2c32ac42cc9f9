import { decodeEventBatch, densePositions, encodeEventBatch, type EventBatch } from '../event-batch.js';
import type { DataFrame, FrameEncoder, PositionFrame, SnapshotFrame } from '../fan-out/outlet.js';
import type { Lane } from '../lane.js';
import { positionOfOffset } from '../position.js';
import { anEvent } from '../testing/builders.js';
import { compileTransformation, type Transformed } from './compile-transformation.js';
import { type EventPlace, TransformedEvents } from './transformed-events.js';
import { transformingEncoder } from './transforming-encoder.js';

const LANE: Lane = { topic: 'monitoring/alerts', partition: 0, epoch: 'e1' };

/** Each event `{ event_id, n }`; those with an `n` that `bad` names have none. */
function batchOf(count: number, { first = 1, bad = [] as readonly number[], padding = '' } = {}): EventBatch {
  const records = Array.from({ length: count }, (_, index) => {
    const n = first + index;
    const eventId = `e${n}`;
    return anEvent({ eventId, value: { event_id: eventId, ...(bad.includes(n) ? {} : { n }), padding } });
  });
  // A batch knows only what the broker calls its topic.
  const lane = { ...LANE, topic: 'monitoring.alerts' };
  return decodeEventBatch(lane, densePositions(first, count), encodeEventBatch(records, 1));
}

interface Told {
  readonly prev: string;
  readonly pos: string;
  readonly ids: readonly string[];
  readonly events: readonly Readonly<Record<string, unknown>>[];
  readonly dropped?: number;
  readonly eventCount: number;
  readonly told: readonly string[];
  readonly merged?: number;
}

/** Remembers the frames that it was given. */
function recordingEncoder() {
  const frames: Told[] = [];
  const snapshots: SnapshotFrame[] = [];
  const encoder: FrameEncoder = {
    name: 'recording',
    data: (frame) => {
      const views = frame.runs.flatMap(
        ({ batch, from, to }) => JSON.parse(`[${batch.runOf(from, to).toString().slice(0, -1)}]`) as [],
      );
      frames.push({
        prev: frame.prev,
        pos: frame.pos,
        ids: frame.runs.flatMap(({ batch, from, to }) => batch.eventIds.slice(from, to)),
        events: views,
        dropped: frame.dropped,
        eventCount: frame.eventCount,
        told: frame.positions().map(({ position }) => position),
        merged: frame.conflation?.merged,
      });
      return Buffer.from(`${frame.pos};`);
    },
    position: ({ pos }: PositionFrame) => Buffer.from(`position ${pos}`),
    snapshot: (frame) => (snapshots.push(frame), Buffer.from('snapshot')),
    mark: (mark) => Buffer.from(`mark ${mark}`),
  };
  return { encoder, frames, snapshots };
}

function world(definition: unknown) {
  const failures: [outcome: Transformed['kind'], place: EventPlace | undefined][] = [];
  const events = new TransformedEvents(
    compileTransformation(definition, { tenant: 'default' }),
    {
      failed: (outcome, _failure, place) => failures.push([outcome, place]),
    },
    { isLeft: true, spend: () => undefined },
  );
  const inner = recordingEncoder();
  return { events, failures, ...inner, encoder: transformingEncoder(inner.encoder, events) };
}

const frameOf = (batches: readonly EventBatch[], more: Partial<DataFrame> = {}): DataFrame => {
  const last = batches[batches.length - 1];
  return {
    feed: 1,
    lane: LANE,
    prev: '',
    pos: last.lastPosition,
    runs: batches.map((batch) => ({ batch, from: 0, to: batch.count })),
    eventCount: batches.reduce((sum, batch) => sum + batch.count, 0),
    timeMicros: 0,
    positions: () => [
      { ...LANE, position: last.lastPosition },
      { ...LANE, partition: 1, position: 'other' },
    ],
    ...more,
  };
};

const TWICE = { steps: [{ map: { twice: { cel: 'n * 2' } } }, { drop: ['padding'] }] };
/** The same, and long. */
const LONG = { steps: [{ map: { long: { from: 'padding' }, longer: { from: 'padding' } } }] };

describe('an encoder of transformed events', () => {
  it('has a name of its own, so that its feed is another', () => {
    const { encoder, events } = world(TWICE);
    expect(encoder.name).toBe(`recording ${events.compiled.fingerprint}`);
    expect(encoder.mark(3)).toEqual(Buffer.from('mark 3'));
    const position = { feed: 1, lane: LANE, prev: '', pos: 'p', timeMicros: 0, positions: () => [] };
    expect(encoder.position(position).toString()).toBe('position p');
  });

  it('sends what became of the events, and leaves positions and ids as they are', () => {
    const { encoder, frames } = world(TWICE);
    const batch = batchOf(3);
    encoder.data(frameOf([batch], { runs: [{ batch, from: 1, to: 3 }], eventCount: 2 }));
    expect(frames).toEqual([
      {
        prev: '',
        pos: positionOfOffset(3),
        ids: ['e2', 'e3'],
        events: [
          { event_id: 'e2', n: 2, twice: 4 },
          { event_id: 'e3', n: 3, twice: 6 },
        ],
        dropped: undefined,
        eventCount: 2,
        told: [positionOfOffset(3), 'other'],
        merged: undefined,
      },
    ]);
  });

  it('counts what does not go out, and tells of it with its place', () => {
    const { encoder, frames, failures } = world(TWICE);
    encoder.data(frameOf([batchOf(3, { bad: [2] }), batchOf(1, { first: 4, bad: [4] })]));
    expect(frames).toMatchObject([{ ids: ['e1', 'e3'], eventCount: 2, dropped: 2, pos: positionOfOffset(4) }]);
    expect(failures).toEqual(
      [2, 4].map((n) => [
        'drop',
        {
          at: { ...LANE, position: positionOfOffset(n) },
          record: expect.objectContaining({ eventId: `e${n}` }) as unknown,
        },
      ]),
    );
  });

  it('tells of a frame of which nothing goes out, so that the chain is whole', () => {
    const { encoder, frames } = world(TWICE);
    encoder.data(frameOf([batchOf(2, { bad: [1, 2] })]));
    expect(frames).toMatchObject([{ ids: [], eventCount: 0, dropped: 2, pos: positionOfOffset(2) }]);
  });

  it('puts an id in the place of what does not go out where events are acknowledged one by one', () => {
    const { encoder, frames } = world(TWICE);
    const single = { positions: ['1', '2'], attempt: 1 };
    encoder.data(frameOf([batchOf(2, { bad: [1] })], { single }));
    expect(frames[0]).toMatchObject({
      events: [
        { event_id: 'e1', dropped: true },
        { event_id: 'e2', twice: 4 },
      ],
      dropped: 1,
      eventCount: 2,
    });
  });

  it('splits a frame whose events have become too large, each with the position that it reaches', () => {
    const { encoder, frames } = world(LONG);
    const batch = batchOf(60, { padding: 'x'.repeat(4000) });
    const bytes = encoder.data(frameOf([batch], { conflation: { merged: 7, mergedExact: true, left: [] } }));
    expect(frames.length).toBeGreaterThan(1);
    expect(bytes.toString().split(';')).toHaveLength(frames.length + 1);
    expect(frames.flatMap(({ ids }) => ids)).toEqual(batch.eventIds);
    let prev = '';
    for (const frame of frames) {
      expect(frame.prev).toBe(prev);
      expect(frame.pos).toBe(positionOfOffset(Number(frame.ids[frame.ids.length - 1].slice(1))));
      expect(frame.told).toEqual([frame.pos, 'other']);
      expect(JSON.stringify(frame.events).length).toBeLessThan(300 * 1024);
      prev = frame.pos;
    }
    expect(prev).toBe(batch.lastPosition);
    expect(frames.map(({ merged }) => merged)).toEqual([...Array<undefined>(frames.length - 1).fill(undefined), 7]);
  });

  it('transforms each event once, whoever asks for it again', () => {
    const { encoder, events, failures, frames } = world(TWICE);
    const batch = batchOf(3, { bad: [2] });
    const other = transformingEncoder(recordingEncoder().encoder, events);
    encoder.data(frameOf([batch]));
    other.data(frameOf([batch]));
    encoder.data(frameOf([batch], { runs: [{ batch, from: 1, to: 3 }] }));
    expect(failures).toHaveLength(1);
    expect(frames[1]).toMatchObject({ ids: ['e3'], dropped: 1 });
  });

  it('forgets old batches, so that its memory is bounded', () => {
    const { encoder, failures } = world(TWICE);
    const first = batchOf(1, { bad: [1] });
    encoder.data(frameOf([first]));
    for (let number = 2; number < 20; number++) encoder.data(frameOf([batchOf(1, { first: number })]));
    encoder.data(frameOf([first]));
    expect(failures).toHaveLength(2);
  });

  it('transforms snapshots', () => {
    const { encoder, snapshots, failures } = world(TWICE);
    const values = ['{"event_id":"a","n":2}', '{"event_id":"b"}'].map((text) => Buffer.from(text));
    const frame = {
      feed: 1,
      lane: LANE,
      pos: 'p',
      values,
      isLast: true,
      isLastOfAll: true,
      timeMicros: 0,
      positions: () => [],
    };
    encoder.snapshot(frame);
    encoder.snapshot({ ...frame, values: values.slice(0, 1) });
    expect(snapshots.map((told) => [told.values.map(String), told.dropped])).toEqual([
      [['{"event_id":"a","n":2,"twice":4}'], 1],
      [['{"event_id":"a","n":2,"twice":4}'], undefined],
    ]);
    expect(failures).toEqual([['drop', undefined]]);
  });

  it('gives the batches that it makes the positions of the events in them', () => {
    const { events } = world(TWICE);
    const batch = batchOf(4, { bad: [2] });
    const made = events.run({ batch, from: 0, to: 4 }, LANE, false).run?.batch as EventBatch;
    expect([0, 1, 2].map((row) => made.positions.at(row))).toEqual([1, 3, 4].map(positionOfOffset));
    expect(made.positions.indexAfter(positionOfOffset(1))).toBe(1);
    expect(made.positions.indexAfter(positionOfOffset(2))).toBe(1);
    expect(made.positions.indexAfter(positionOfOffset(4))).toBe(3);
    expect([...made.columnNames()]).toEqual([]);
  });
});
