import fc from 'fast-check';
import { MIN_UNCONFIRMED_LIMIT_BYTES, UnconfirmedWindow } from './unconfirmed-window.js';

describe('the unconfirmed window', () => {
  it('counts what was sent after the last confirmed mark', () => {
    const window = new UnconfirmedWindow();
    window.sent(100, 1);
    window.sent(50, 0);
    window.sent(10, 2);
    expect(window.confirmed(1)).toBe(true);
    expect(window.unconfirmedBytes).toBe(60);
    expect(window.confirmed(1)).toBe(false);
    expect(window.confirmed(2)).toBe(true);
    expect(window.unconfirmedBytes).toBe(0);
  });

  it('takes a later confirmation for the earlier marks, too', () => {
    const window = new UnconfirmedWindow();
    window.sent(100, 1);
    window.sent(100, 2);
    window.confirmed(7);
    expect(window.unconfirmedBytes).toBe(0);
    expect(window.hasOutstandingMarks).toBe(false);
  });

  it('remembers sixty-four marks at a time, wherever the oldest of them lies', () => {
    fc.assert(
      fc.property(fc.nat(63), (confirmed) => {
        const window = new UnconfirmedWindow();
        for (let mark = 1; mark <= confirmed; mark++) {
          window.sent(1, mark);
          window.confirmed(mark);
        }
        const last = confirmed + 64;
        for (let mark = confirmed + 1; mark <= last; mark++) window.sent(10, mark);
        for (let mark = confirmed + 1; mark <= last; mark++) {
          expect(window.confirmed(mark)).toBe(true);
          expect(window.unconfirmedBytes).toBe((last - mark) * 10);
        }
      }),
    );
  });

  it('allows a quarter of a second of the rate, and never less than the minimum', () => {
    const window = new UnconfirmedWindow();
    window.setRate(100);
    expect(window.limitBytes).toBe(MIN_UNCONFIRMED_LIMIT_BYTES);
    window.setRate(40_000_000);
    expect(window.limitBytes).toBe(10_000_000);
  });

  it('equals a model that forgets no mark, once all is confirmed', () => {
    const step = fc.record({ bytes: fc.nat(1000), isMarked: fc.boolean(), confirms: fc.nat(80) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const window = new UnconfirmedWindow();
        const marks: { mark: number; sent: number }[] = [];
        let sent = 0;
        let confirmed = 0;
        let last = 0;
        for (const { bytes, isMarked, confirms } of steps) {
          const mark = isMarked ? ++last : 0;
          window.sent(bytes, mark);
          sent += bytes;
          if (mark > 0) marks.push({ mark, sent });
          const upTo = Math.max(0, last - confirms);
          window.confirmed(upTo);
          confirmed = Math.max(confirmed, ...marks.filter((one) => one.mark <= upTo).map((one) => one.sent));
          // A forgotten mark may delay a confirmation, but never invent one.
          expect(window.unconfirmedBytes).toBeGreaterThanOrEqual(sent - confirmed);
          expect(window.totalSentBytes).toBe(sent);
        }
        window.confirmed(last);
        window.sent(5, last + 1);
        window.confirmed(last + 1);
        expect(window.unconfirmedBytes).toBe(0);
      }),
    );
  });
});
