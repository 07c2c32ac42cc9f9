import { type Client, credentials, loadPackageDefinition, Metadata, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { MANAGEMENT_PROTOS, PROTO_LOADING } from '@distributary/contracts';
import { anAlert, aService } from './events.js';
import { TestApp } from './harness.js';

type Fields = Record<string, unknown>;
type Unary = (request: Fields, metadata: Metadata, done: (error: ServiceError | null, reply: Fields) => void) => void;
type Manager = Client & Record<string, Unary>;

const definition = loadSync([...MANAGEMENT_PROTOS], PROTO_LOADING);
const ALERTS = 'monitoring/alerts/critical';
const OPTIMIZATION = 'monitoring/optimization';

describe('the RoutingManager of gRPC', () => {
  let app: TestApp;
  let manager: Manager;
  beforeAll(async () => {
    app = await TestApp.start();
    const root = loadPackageDefinition(definition) as unknown as {
      distributary: { management: { v1: { RoutingManager: new (...args: unknown[]) => Manager } } };
    };
    manager = new root.distributary.management.v1.RoutingManager(app.grpcAddress, credentials.createInsecure());
  }, 60_000);
  afterAll(async () => {
    manager.close();
    await app.stop();
  }, 60_000);

  const ask = (method: string, request: Fields, headers: Record<string, string> = {}) =>
    new Promise<Fields>((resolve, reject) => {
      const metadata = new Metadata();
      for (const [name, value] of Object.entries({ ...app.headers, ...headers })) metadata.set(name, value);
      manager[method](request, metadata, (error, reply) => (error === null ? resolve(reply) : reject(error)));
    });

  it('creates, reads, lists, changes, orders and deletes rules', async () => {
    const first = await ask('CreateRule', {
      name: 'first',
      source_pattern: ALERTS,
      condition: 'severity == "CRITICAL"',
      target_topic: OPTIMIZATION,
      set_attributes: { team: { text: 'ops' }, level: { number: 3 }, paged: { flag: true } },
      set_priority: 2,
    });
    expect(first).toMatchObject({
      name: 'first',
      mode: 'copy',
      next: 'continue',
      condition: JSON.stringify({ op: 'eq', attribute: 'severity', value: 'CRITICAL' }),
      set_attributes: { team: { text: 'ops' }, level: { number: 3 }, paged: { flag: true } },
    });
    const { id, etag } = first as { id: string; etag: string };
    expect(await ask('GetRule', { id })).toEqual(first);
    const json = JSON.stringify({ op: 'exists', attribute: 'severity' });
    const second = await ask('CreateRule', {
      name: 'second',
      source_pattern: ALERTS,
      condition: json,
      target_topic: OPTIMIZATION,
    });
    const changed = await ask(
      'UpdateRule',
      { id, change: { enabled: false }, clear: ['condition', 'set_priority', 'set_attributes'] },
      { 'if-match': etag },
    );
    expect(changed).toMatchObject({ enabled: false, revision: 2 });
    for (const cleared of ['condition', 'set_priority']) expect(changed).not.toHaveProperty(cleared);
    await expect(ask('UpdateRule', { id, change: { enabled: true } }, { 'if-match': etag })).rejects.toMatchObject({
      code: 9,
    });
    const ordered = await ask('ReorderRules', { ids: [second.id] });
    expect((ordered.items as Fields[]).map(({ name }) => name)).toEqual(['second', 'first']);
    expect((await ask('ListRules', {})).items).toHaveLength(2);
    for (const one of [first, second]) await ask('DeleteRule', { id: one.id });
    await expect(ask('GetRule', { id })).rejects.toMatchObject({ code: 5 });
    expect((await ask('ListRules', {})).items ?? []).toHaveLength(0);
  });

  it('explains what would become of an event, and refuses what is none', async () => {
    const event = anAlert(aService());
    const rules = [
      { name: 'fires', source_pattern: ALERTS, target_topic: OPTIMIZATION, next: 'stop' },
      { name: 'never', source_pattern: 'monitoring/metrics', target_topic: OPTIMIZATION, priority: 0 },
      { name: 'after', source_pattern: ALERTS, target_topic: OPTIMIZATION, priority: 9 },
    ];
    const explained = await ask('TestRouting', { event: JSON.stringify(event), rules });
    expect(explained).toMatchObject({
      event_id: event.event_id,
      topic: ALERTS,
      keeps_original: true,
      copies: [{ topic: OPTIMIZATION, attributes: { hops: { number: 1 }, routed_from: { text: ALERTS } } }],
      rules: [
        { name: 'never', outcome: 'no_match', failed_path: 'source_pattern', value: JSON.stringify(ALERTS) },
        { name: 'fires', outcome: 'fired', target_topic: OPTIMIZATION },
        { name: 'after', outcome: 'not_reached', stopped_by: 'fires' },
      ],
    });
    expect(JSON.parse(String((explained.copies as Fields[])[0].event))).toMatchObject({
      distribution: { topic: OPTIMIZATION },
    });
    await expect(ask('TestRouting', { event: 'x' })).rejects.toMatchObject({ code: 3 });
    await expect(
      ask('CreateRule', { name: 'x', source_pattern: ALERTS, condition: '{', target_topic: OPTIMIZATION }),
    ).rejects.toMatchObject({ code: 3 });
    await expect(ask('CreateRule', { name: 'x' })).rejects.toMatchObject({ code: 3 });
  });
});
