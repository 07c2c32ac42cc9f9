import type { EventBatch } from '../event-batch.js';
import type { TailStart } from '../ports/log.port.js';
import { noMetrics } from '../ports/metrics.port.js';
import { BEFORE_FIRST } from '../position.js';
import { aTopic, events, FakeClock, InMemoryLog, lineEncoder, RecordingOutlet, settle } from '../testing/index.js';
import { FanOut } from './fan-out.js';
import type { FanOutLimits } from './fan-out-limits.js';
import type { DataFrame, FrameEncoder } from './outlet.js';

const EVENTS = 60;
/** Several frames' worth, one read's. */
const PADDING = 'x'.repeat(10_000);
const FRAMES = 5;

class CountingLog extends InMemoryLog {
  reads = 0;
  override read(start: TailStart, maxBytes: number): Promise<readonly EventBatch[]> {
    this.reads++;
    return super.read(start, maxBytes);
  }
}

describe('a herd that begins at one place', () => {
  const clock = new FakeClock();
  let log: CountingLog;
  let fanOut: FanOut;
  let encoded: number;

  const encoderOf = (sayingPositions: boolean): FrameEncoder => ({
    ...lineEncoder,
    data: (frame: DataFrame) => {
      encoded++;
      if (sayingPositions) frame.positions();
      return lineEncoder.data(frame);
    },
  });

  const begin = async (limits: Partial<FanOutLimits> = {}) => {
    encoded = 0;
    log = new CountingLog({ clock });
    fanOut = new FanOut({ log, clock, metrics: noMetrics, limits: { rewindMs: 0, segmentBytes: 1, ...limits } });
    await log.createTopic('t', 1, { ms: 0, bytes: 0 });
    await fanOut.setTopics([aTopic('t')]);
    for (let n = 1; n <= EVENTS; n++) {
      const value = Buffer.from(JSON.stringify({ n, padding: PADDING }));
      await log.append([{ topic: 't', partition: 0, records: events(1, `e${n}`).map((each) => ({ ...each, value })) }]);
    }
  };
  afterEach(async () => {
    await fanOut.stop();
    await log.close();
  });

  const herdOf = (count: number) => Array.from({ length: count }, () => new RecordingOutlet());
  const attach = async (outlets: readonly RecordingOutlet[], encoder: FrameEncoder) => {
    await Promise.all(
      outlets.map((outlet) =>
        fanOut.attach({
          subscriptionId: 's',
          selection: { topicPatterns: ['t'], keyPatterns: [], filter: undefined },
          encoder,
          outlet,
          policy: 'block',
          credit: Number.POSITIVE_INFINITY,
          maxRate: Number.POSITIVE_INFINITY,
          snapshot: false,
          startOf: () => Promise.resolve(BEFORE_FIRST),
          onAttached: () => undefined,
        }),
      ),
    );
  };
  const settled = async () => {
    for (let round = 0; round < 10; round++) {
      await settle(clock, 4);
      clock.advance(60);
    }
  };
  const all = Array.from({ length: EVENTS }, (_, index) => index + 1);

  it.each([1, 20])('costs the same reads and the same frames, be they %i', async (count) => {
    await begin();
    const outlets = herdOf(count);
    await attach(outlets, encoderOf(false));
    await settled();
    for (const outlet of outlets) expect(outlet.numbers).toEqual(all);
    expect(outlets.flatMap((outlet) => outlet.chainBreaks())).toEqual([]);
    expect({ encoded, reads: log.reads }).toEqual({ encoded: FRAMES, reads: 1 });
  });

  it('gets frames of their own if they say where each of them stands', async () => {
    await begin();
    const outlets = herdOf(3);
    await attach(outlets, encoderOf(true));
    await settled();
    for (const outlet of outlets) expect(outlet.numbers).toEqual(all);
    expect(encoded).toBe(3 * FRAMES);
  });

  it('does not begin again for one that had no room while the others went on', async () => {
    await begin();
    const [slow, ...others] = herdOf(3);
    slow.confirms = false;
    await attach([slow, ...others], encoderOf(false));
    await settled();
    for (const outlet of others) expect(outlet.numbers).toEqual(all);
    expect(slow.numbers.length).toBeLessThan(EVENTS);
    const before = log.reads;
    slow.confirms = true;
    slow.confirm();
    await settled();
    expect(slow.numbers).toEqual(all);
    expect(log.reads).toBe(before);
  });

  it('forgets what it read when nobody has asked for it for a while, and reads it again', async () => {
    await begin();
    const [slow] = herdOf(1);
    slow.confirms = false;
    await attach([slow], encoderOf(false));
    await settled();
    const before = log.reads;
    clock.advance(5_000);
    slow.confirms = true;
    slow.confirm();
    await settled();
    expect(slow.numbers).toEqual(all);
    expect(log.reads).toBeGreaterThan(before);
  });

  it('waits for one that has no room before it reads on, but not for long', async () => {
    await begin({ sweptBytes: 200_000 });
    const [slow, ...others] = herdOf(3);
    slow.confirms = false;
    await attach([slow, ...others], encoderOf(false));
    for (let round = 0; round < 10; round++) await settle(clock, 4);
    for (const outlet of others) expect(outlet.numbers.length).toBeLessThan(EVENTS);
    await settled();
    for (const outlet of others) expect(outlet.numbers).toEqual(all);
    slow.confirms = true;
    slow.confirm();
    await settled();
    expect(slow.numbers).toEqual(all);
  });
});
