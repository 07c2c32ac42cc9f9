import { until } from '@distributary/distribution-core/testing';
import { startProcesses } from './service-processes.js';

describe('one process of the service', () => {
  it('is not ended by being told, while it starts, to read its certificates again', async () => {
    const service = await startProcesses({}, async (starting) => {
      await until('its first step', () => starting.of('storage.opened').length > 0, 60_000);
      expect(starting.of('service.listening')).toEqual([]);
      starting.signal('SIGHUP');
    });
    expect((await fetch(`${service.httpUrl}/health/ready`)).status).toBe(200);
    await service.stop();
    expect(service.exitCode).toBe(0);
  }, 120_000);
});
