import { PublishSchedule } from './publish-schedule.js';

describe('PublishSchedule', () => {
  it('is an open loop: what was due while nobody asked is due all at once', () => {
    const schedule = new PublishSchedule(1_000_000, 1000, 1);
    expect(schedule.takeDue(999_000)).toEqual([0, 0]);
    expect(schedule.takeDue(1_000_000)).toEqual([0, 1]);
    expect(schedule.takeDue(1_500_000)).toEqual([1, 501]);
    expect(schedule.dueMicros(500)).toBe(1_500_000);
    expect(schedule.isOver).toBe(false);
    expect(schedule.takeDue(9_000_000)).toEqual([501, 1000]);
    expect(schedule.isOver).toBe(true);
    expect(schedule.takeDue(9_000_000)).toEqual([1000, 1000]);
  });
});
