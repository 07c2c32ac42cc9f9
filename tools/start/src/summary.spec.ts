import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { summaryOf } from './summary.js';
import { untilReady } from './until-ready.js';

describe('npm start', () => {
  it('prints commands for the addresses that the service has', () => {
    const text = summaryOf({ host: '127.0.0.1', port: '7101', grpcPort: '7201' });
    expect(text).toContain("npx distributary tail 'monitoring/#'");
    expect(text).toContain('grpcurl -plaintext');
    expect(summaryOf({ host: '127.0.0.1', port: '9', grpcPort: '8' })).toContain('DISTRIBUTARY_URL=http://127.0.0.1:9');
  });

  it('waits until the service says that it is ready, but not for one that is gone', async () => {
    let asked = 0;
    const server = createServer((_request, response) => {
      response.statusCode = ++asked < 3 ? 503 : 200;
      response.end();
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await expect(untilReady(url, 10_000, () => false)).resolves.toBe(true);
    expect(asked).toBe(3);
    await expect(untilReady(url, 10_000, () => true)).resolves.toBe(false);
    await new Promise((resolve) => {
      server.close(resolve);
    });
    await expect(untilReady(url, 150, () => false)).resolves.toBe(false);
  });
});
