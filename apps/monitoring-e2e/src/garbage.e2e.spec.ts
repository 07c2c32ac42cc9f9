import { once } from 'node:events';
import WebSocket from 'ws';
import type { ServiceProcesses } from '@distributary/distribution-service/testing';
import { startProcesses } from './service-processes.js';

const STREAMS = 60;
const WARM_UP = 1_500;
const WINDOWS = 5;
const REQUESTS = 500;
/** It is some 0.2 KiB, and was 10. */
const MOST_OLD_BYTES_A_REQUEST = 2_048;

/** In a real process, since its garbage must be its own. */
describe('a service whose streams were there before the first request', () => {
  let service: ServiceProcesses;
  const streams: WebSocket[] = [];
  beforeAll(async () => {
    service = await startProcesses({});
  }, 180_000);
  afterAll(async () => {
    for (const stream of streams) stream.terminate();
    await service.stop();
  }, 60_000);

  const oldBytes = async (): Promise<number> => {
    const text = await (await fetch(`${service.httpUrl}/metrics`)).text();
    return Number(/^nodejs_heap_space_size_used_bytes\{space="old"[^}]*\} (\S+)$/m.exec(text)?.[1]);
  };
  const requests = async (count: number) => {
    for (let number = 0; number < count; number++) {
      const response = await fetch(`${service.httpUrl}/health/live`);
      await response.arrayBuffer();
    }
  };

  it('finds what a request leaves behind without a full collection', async () => {
    const url = `${service.httpUrl.replace('http', 'ws')}/api/v1/monitoring/stream?patterns=monitoring/metrics`;
    for (let number = 0; number < STREAMS; number++) {
      const stream = new WebSocket(url, 'distributary.v1.json');
      streams.push(stream);
      await once(stream, 'open');
    }
    // Code is compiled meanwhile, and that is what is kept.
    await requests(WARM_UP);
    const grown: number[] = [];
    for (let window = 0; window < WINDOWS; window++) {
      const before = await oldBytes();
      await requests(REQUESTS);
      grown.push(((await oldBytes()) - before) / REQUESTS);
    }
    // A full collection falls into one or two of them.
    const [median] = grown.sort((a, b) => a - b).slice(WINDOWS >> 1);
    expect(median).toBeLessThan(MOST_OLD_BYTES_A_REQUEST);
  }, 240_000);
});
