import { monitoringDistributionMessage, protoTimestamp } from './monitoring-message.js';

describe('monitoringDistributionMessage', () => {
  it('leaves empty what is missing or is something else', () => {
    const empty = {
      event_id: '',
      timestamp: { seconds: 0, nanos: 0 },
      data_type: '',
      routing: { topic: '', routing_key: '', target_subscribers: [], priority: 0 },
      metadata: {},
    };
    expect(
      monitoringDistributionMessage({ data: 1, distribution: 3, metadata: { severity: {} }, event_id: [] }),
    ).toEqual({
      ...empty,
      data: new Uint8Array([0x31]),
    });
    expect(monitoringDistributionMessage(null)).toEqual({ ...empty, data: new Uint8Array() });
  });
});

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
