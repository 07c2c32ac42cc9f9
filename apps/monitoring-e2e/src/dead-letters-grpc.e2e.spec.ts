import { randomUUID } from 'node:crypto';
import { MANAGEMENT_PROTOS, PROTO_LOADING } from '@distributary/contracts';
import { until } from '@distributary/distribution-core/testing';
import { type Client, credentials, loadPackageDefinition, Metadata, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { errorOf } from './doors/grpc.js';
import { webSocketDoor } from './doors/web-socket.js';
import { alerts, alertsOf, aService, idsOf } from './events.js';
import { TestApp } from './harness.js';

type Fields = Readonly<Record<string, unknown>>;
type Reply = (error: ServiceError | null, reply: Fields) => void;
type Manager = Client & Record<string, (request: Fields, metadata: Metadata, reply: Reply) => void>;

interface Letters extends Fields {
  readonly items: readonly { readonly dead_letter_id: string }[];
}

describe('dead letters over gRPC', () => {
  let app: TestApp;
  let client: Manager;
  beforeAll(async () => {
    app = await TestApp.start();
    const root = loadPackageDefinition(loadSync([...MANAGEMENT_PROTOS], PROTO_LOADING)) as unknown as {
      distributary: { management: { v1: Record<string, new (...args: unknown[]) => Manager> } };
    };
    client = new root.distributary.management.v1.DeadLetterManager(app.grpcAddress, credentials.createInsecure());
  }, 60_000);
  afterAll(async () => {
    client.close();
    await app.stop();
  }, 60_000);

  const call = (method: string, request: Fields): Promise<Fields> =>
    new Promise((resolve, reject) => {
      client[method](request, new Metadata(), (error, reply) =>
        error === null
          ? resolve(reply)
          : reject(Object.assign(new Error(error.details), errorOf(error.metadata, error.details))),
      );
    });

  it('are listed, read, replayed and discarded', async () => {
    const [service, name] = [aService(), randomUUID()];
    const reader = await webSocketDoor.connect(app);
    const asked = { name, type: 'shared', max_attempts: 1, start: 'earliest' } as const;
    reader.send('subscribe', { id: 's', ...alertsOf(service), ...asked });
    const { generation } = await reader.record.next('subscribed');
    const sent = alerts(service, 3);
    await app.publish(...sent);
    await reader.record.events(3);
    reader.send('nack', { id: 's', generation: generation as number, event_ids: idsOf(sent) });
    const listed = await until('three letters', async () => {
      const page = (await call('ListDeadLetters', { subscription_id: name })) as Letters;
      return page.items?.length === 3 && page;
    });
    expect(listed).toMatchObject({ has_more: false });
    const [one, two, three] = listed.items.map(({ dead_letter_id }) => ({ dead_letter_id }));

    const letter = await call('GetDeadLetter', one);
    expect(letter).toMatchObject({ status: 'dead', reason: 'nacked', fault: 'receiver', attempts: 1 });
    expect(JSON.parse((letter.event as Buffer).toString())).toMatchObject({ event_id: letter.event_id });

    expect(await call('ReplayDeadLetter', { ...one, target: 'topic' })).toMatchObject({ status: 'replayed' });
    expect(await call('ReplayDeadLetter', two)).toMatchObject({ status: 'replaying', replay_target: 'subscription' });
    expect(idsOf(await reader.record.events(5))).toHaveLength(5);
    expect(await call('DiscardDeadLetter', three)).toMatchObject({ status: 'discarded' });
    const rest = { ids: [two.dead_letter_id, three.dead_letter_id] };
    expect(await call('ReplayDeadLetters', { ...rest, target: 'subscription' })).toMatchObject({ count: 1 });
    expect(await call('DiscardDeadLetters', { subscription_id: name })).toMatchObject({ has_more: false });

    await expect(call('ReplayDeadLetters', {})).rejects.toMatchObject({ code: 'request.invalid' });
    await expect(call('GetDeadLetter', {})).rejects.toMatchObject({ code: 'request.invalid' });
    await expect(call('GetDeadLetter', { dead_letter_id: randomUUID() })).rejects.toMatchObject({
      code: 'dead_letter.not_found',
    });
    await reader.close();
  });
});
