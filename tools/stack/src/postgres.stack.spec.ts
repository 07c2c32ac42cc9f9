import pg from 'pg';
import { startPostgres, type TestServer } from './index.js';

let server: TestServer;

beforeAll(async () => {
  server = await startPostgres();
}, 60_000);

afterAll(() => server?.stop('SIGKILL'));

async function query(text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    return (await client.query(text)).rows as unknown[];
  } finally {
    await client.end();
  }
}

describe('the PostgreSQL of a test', () => {
  it('keeps what it acknowledged when it is killed, and comes back where clients know it', async () => {
    await query('CREATE TABLE kept (id int)');
    await query('INSERT INTO kept VALUES (1)');
    await server.kill();
    await expect(query('SELECT 1')).rejects.toThrow();
    await server.restart();
    expect(await query('SELECT id FROM kept')).toEqual([{ id: 1 }]);
  }, 60_000);
});
