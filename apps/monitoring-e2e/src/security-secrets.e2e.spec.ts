import { createLogger, SystemClock } from '@distributary/distribution-nest';
import { aJwt, JWT_SECRET, type MadeKey, makeKey, startSecured } from './access.js';
import { STREAM_DOORS } from './doors/all-doors.js';
import { connectWebSocket } from './doors/web-socket.js';
import type { TestApp } from './harness.js';

/** Everything that the service writes or answers, but for the one answer that tells a new key, is looked through. */
describe('secrets', () => {
  const logged: string[] = [];
  const answered: string[] = [];
  let app: TestApp;
  let admin: TestApp;
  let made: MadeKey;
  let jwt: string;

  beforeAll(async () => {
    const destination = { write: (line: string) => void logged.push(line) };
    const logger = createLogger({ level: 'debug', service: 'test', clock: new SystemClock(), destination });
    ({ app, admin } = await startSecured({ LOG_LEVEL: 'debug' }, logger));
    made = await makeKey(admin);
    jwt = await aJwt();
    const keep = ({ body, headers }: { body: unknown; headers: Headers }) =>
      answered.push(JSON.stringify(body), JSON.stringify([...headers]));
    const wrong = [made.key.slice(0, -3), `${made.key}x`, `${jwt}x`, 'dk_nobody0000_x'];
    for (const token of [made.key, jwt, ...wrong]) {
      const caller = app.as(token);
      for (const path of ['api-keys', `api-keys/${made.id}`, 'config', 'audit', 'topics']) {
        keep(await caller.get(`/api/v1/monitoring/${path}`));
      }
      keep(await caller.post('/api/v1/monitoring/events', { nonsense: token }));
      keep(await caller.post('/api/v1/monitoring/api-keys', { name: token, permissions: 'x' }));
      keep(await caller.get('/metrics'));
      for (const door of STREAM_DOORS) {
        const stream = await door.open(caller, { patterns: ['a//b'] });
        await stream.record.next('error');
        answered.push(JSON.stringify(stream.record.messages));
        await stream.close();
      }
      const socket = await connectWebSocket(app);
      socket.send('hello', { token: `${token}y` });
      await socket.record.ended();
      answered.push(JSON.stringify([socket.record.messages, socket.record.end]));
    }
    keep(await admin.delete(`/api/v1/monitoring/api-keys/${made.id}`));
    keep(await admin.get('/api/v1/monitoring/audit'));
    await app.stop();
  }, 120_000);

  const secrets = () => [
    JWT_SECRET,
    // The parts of which one could make the whole again.
    made.key.split('_').slice(2).join('_').slice(0, 40),
    (admin.token as string).split('_').slice(2).join('_').slice(0, 40),
    jwt.split('.')[2],
  ];

  it('are in no log line, at any level', () => {
    const text = logged.join('');
    expect(logged.length).toBeGreaterThan(5);
    expect(secrets().filter((secret) => text.includes(secret))).toEqual([]);
  });

  it('are in no answer, be it the settings, the audit log, the figures or an error', () => {
    const text = answered.join('\n');
    expect(text).toContain('JWT_SECRET');
    expect(text).toContain('api_keys.create');
    expect(secrets().filter((secret) => text.includes(secret))).toEqual([]);
  });
});
