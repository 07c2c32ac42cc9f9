import { marketDataDistributionSchema, monitoringDistributionSchema } from '@distributary/contracts';
import { BROKER_KINDS } from './broker.js';
import { MARKET_DATA, MONITORING, testedOn } from './tested-service.js';

const SCHEMAS = { monitoring: monitoringDistributionSchema, 'market-data': marketDataDistributionSchema };

describe('a service that is tested', () => {
  it.each([MONITORING, MARKET_DATA])('$app takes each event that producers number', (service) => {
    for (let sequence = 0; sequence < 3_000; sequence++) {
      const event = service.eventOf({ eventId: `run.p1k2.${sequence}`, key: 'p1k2', sequence }, service.topic);
      const parsed = SCHEMAS[service.app].parse(event);
      expect(parsed).toMatchObject({ event_id: `run.p1k2.${sequence}`, routing: { topic: service.topic } });
    }
  });

  it('is market data on Pulsar, monitoring on all else', () => {
    expect(BROKER_KINDS.map((kind) => `${kind}: ${testedOn(kind).app}`)).toEqual([
      'embedded: monitoring',
      'kafka: monitoring',
      'pulsar: market-data',
    ]);
  });
});
