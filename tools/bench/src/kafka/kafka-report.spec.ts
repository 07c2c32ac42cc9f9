import type { RunFigures } from '../run-figures.js';
import { machineFacts } from '../machine.js';
import { kafkaFindings, kafkaReport } from './kafka-command.js';
import type { KafkaRun } from './kafka-bench.js';

const latencies = (p99: number) => ({ p50: 1, p99, p999: 20, max: 30 });
const run = (service: number, bare: number): KafkaRun => ({
  service: {
    fromScheduled: latencies(service),
    fromAccepted: latencies(service - 1),
    eventsPerPost: 2.5,
    events: 100,
    serverCpuSeconds: 2,
    missing: 0,
    duplicated: 0,
    outOfOrder: 0,
    brokenChains: 0,
    gaps: 1,
    closed: 0,
    unsent: 0,
    errors: ['429 busy'],
  } as unknown as RunFigures,
  bare: { type: 'result', events: 100, fromScheduled: latencies(bare), cpuSeconds: 1 },
});

describe('the report of the Kafka bench', () => {
  it('finds what was wrong in any of its runs', () => {
    const runs = [run(9, 6), run(11, 8)];
    expect(kafkaFindings({ runs })).toEqual(['subscribers: gaps 2', 'subscribers: 429 busy']);
    const clean = { ...runs[0].service, gaps: 0, errors: [] };
    expect(kafkaFindings({ runs: [{ ...runs[0], service: clean }] })).toEqual([]);
  });

  it('has the median of the runs beside that of the bare consumer, and what went wrong', () => {
    const options = {
      subscribers: 40,
      eventsPerSecond: 5_000,
      seconds: 5,
      warmUpSeconds: 1,
      runs: 3,
      producers: 4,
      lingerMs: 0,
      pin: false,
    };
    const runs = [run(9, 6), run(11, 8), run(10, 7)];
    const text = kafkaReport({ bench: 'kafka', machine: machineFacts(), options, runs });
    expect(text).toContain('5000 events/s × 40 subscribers, acks=all');
    expect(text).toMatch(/^p99 ms +10\.00 \(9\.00–11\.00\) +7\.00 \(6\.00–8\.00\)$/m);
    expect(text).toMatch(/^accepted p99 +9\.00 \(8\.00–10\.00\) *$/m);
    expect(text).toContain('gaps 3, not taken in time 0; 429 busy');
  });
});
