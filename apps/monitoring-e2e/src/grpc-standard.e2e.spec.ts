import { once } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';
import { until } from '@distributary/distribution-core/testing';
import { loadSync } from '@grpc/proto-loader';
import { protoPath as HEALTH_PROTO } from 'grpc-health-check';
import { ask, clientOf, type Fields } from './doors/grpc-service.js';
import { TestApp } from './harness.js';

const SERVICE = 'distributary.monitoring.v1.MonitoringStream';
const REFLECTION_FILES = path.join(
  path.dirname(createRequire(import.meta.url).resolve('@grpc/reflection/package.json')),
  'build/proto/grpc/reflection',
);
const READING = { keepCase: true, enums: String, defaults: true, oneofs: true };

describe('what every gRPC server has', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  it.each(['v1', 'v1alpha'])('is reflection %s: all services by name, and the file of each', async (version) => {
    const definition = loadSync(path.join(REFLECTION_FILES, version, 'reflection.proto'), READING);
    const client = clientOf(app, `grpc.reflection.${version}.ServerReflection`, definition);
    const call = client.ServerReflectionInfo();
    const answerTo = async (request: Fields): Promise<Fields> => {
      call.write(request);
      return ((await once(call, 'data')) as [Fields])[0];
    };
    const { list_services_response: list } = await answerTo({ list_services: '' });
    const names = (list as { service: { name: string }[] }).service.map(({ name }) => name);
    const managers = ['Topic', 'Subscription', 'Routing', 'DeadLetter'].map(
      (area) => `distributary.management.v1.${area}Manager`,
    );
    expect(names).toEqual(expect.arrayContaining([SERVICE, 'grpc.health.v1.Health', ...managers]));
    for (const name of [SERVICE, ...managers]) {
      const { file_descriptor_response: file } = await answerTo({ file_containing_symbol: name });
      const [bytes] = (file as { file_descriptor_proto: Buffer[] }).file_descriptor_proto;
      expect(bytes.includes(name.split('.').at(-1) as string)).toBe(true);
    }
    const { error_response: error } = await answerTo({ file_containing_symbol: 'distributary.Nothing' });
    expect(error).toMatchObject({ error_code: 5 });
    call.end();
    await once(call, 'end');
    client.close();
  });

  it('is health: serving, by name or as a whole, until it drains', async () => {
    const brief = await TestApp.start();
    const client = clientOf(brief, 'grpc.health.v1.Health', loadSync(HEALTH_PROTO, READING));
    for (const service of ['', SERVICE]) {
      expect(await ask(brief, client, 'Check', { service })).toEqual({ status: 'SERVING' });
    }
    await expect(ask(brief, client, 'Check', { service: 'nobody' })).rejects.toMatchObject({ status: 5 });
    const told: unknown[] = [];
    const watch = client.Watch({ service: SERVICE });
    watch.on('data', ({ status }: Fields) => told.push(status));
    watch.on('error', () => undefined);
    await until('it is told', () => told.length === 1);
    await brief.stop();
    await until('it is told that it drains', () => told.length === 2);
    expect(told).toEqual(['SERVING', 'NOT_SERVING']);
    client.close();
  });
});
