import { protoTimestamp } from './monitoring-message.js';

describe('protoTimestamp', () => {
  it.each([
    ['1970-01-01T00:00:01Z', 1, 0],
    ['1970-01-01T00:00:01.5Z', 1, 500_000_000],
    ['1970-01-01T01:00:01.123456+01:00', 1, 123_456_000],
    ['1969-12-31T23:59:59.250Z', -1, 250_000_000],
  ])('reads %s', (iso, seconds, nanos) => {
    expect(protoTimestamp(iso)).toEqual({ seconds, nanos });
  });
});
