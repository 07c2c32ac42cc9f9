import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'distributary';
import { FakeClock, until } from '@distributary/distribution-core/testing';
import { Posting } from './posting.js';
import { Tally } from './tally.js';

const aRow = (number: number) => ({
  number,
  event: {
    event_id: `replay:${number}`,
    data_type: 'TRADE' as const,
    data: {},
    metadata: { source: 's', replayed: true } as const,
  },
});

/** A door that answers each POST as the next one of its answers says, and with success when there are no more. */
async function door(...answers: { status: number; headers?: http.OutgoingHttpHeaders; body?: object }[]) {
  const posted: string[][] = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { events } = JSON.parse(body) as { readonly events: { readonly event_id: string }[] };
      posted.push(events.map(({ event_id }) => event_id));
      const answer = answers.shift();
      const results = events.map(({ event_id }) => ({ event_id, duplicate: event_id === 'replay:3' }));
      response.writeHead(answer?.status ?? 202, { 'content-type': 'application/json', ...answer?.headers });
      response.end(JSON.stringify(answer === undefined ? { results } : (answer.body ?? {})));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { transport: 'sse' });
  const close = () => {
    client.close();
    server.closeAllConnections();
    server.close();
  };
  return { posted, client, close };
}

describe('posting rows', () => {
  it('comes back when it is told to, with the same events, and counts what was known already', async () => {
    const { posted, client, close } = await door({ status: 429, headers: { 'retry-after': '7' } }, { status: 503 });
    const [clock, tally] = [new FakeClock(), new Tally()];
    const sending = new Posting(client, clock, tally, new AbortController().signal).send([aRow(1), aRow(3)]);
    await until('it waits', () => clock.pendingAlarms === 1);
    clock.advance(6_999);
    expect(posted).toHaveLength(1);
    clock.advance(1);
    await until('it waits again', () => posted.length === 2 && clock.pendingAlarms === 1);
    clock.advance(1_000);
    await sending;
    expect(posted).toEqual(Array.from({ length: 3 }, () => ['replay:1', 'replay:3']));
    expect(tally).toMatchObject({ published: 1, duplicates: 1, refused: 0 });
    close();
  });

  it('names the rows that are refused, and sends the others', async () => {
    const errors = [
      { path: 'events[1].data.price', rule: 'must be a number' },
      { path: 'events[1].data.volume', rule: 'must be a whole number' },
    ];
    const { posted, client, close } = await door({ status: 400, body: { code: 'request.invalid', errors } });
    const tally = new Tally();
    const posting = new Posting(client, new FakeClock(), tally, new AbortController().signal);
    await posting.send([aRow(10), aRow(11), aRow(12)]);
    expect(posted[1]).toEqual(['replay:10', 'replay:12']);
    expect(tally).toMatchObject({ published: 2, refused: 1 });
    expect(tally.lines(1)).toEqual([
      '3 rows in 1.0 s: 2 published, 0 known already, 1 refused',
      'row 11: data.price must be a number; data.volume must be a whole number',
    ]);
    close();
  });

  it('says of a batch that it was not taken, if it is told to stop while it waits', async () => {
    const { client, close } = await door({ status: 503 });
    const [clock, stop] = [new FakeClock(), new AbortController()];
    const sending = new Posting(client, clock, new Tally(), stop.signal).send([aRow(1)]);
    await until('it waits', () => clock.pendingAlarms === 1);
    stop.abort();
    expect(await sending).toBe(false);
    close();
  });

  it('gives up on what no other row would change', async () => {
    const { client, close } = await door({ status: 404, body: { code: 'topic.not_found', detail: 'no topic a/b' } });
    const posting = new Posting(client, new FakeClock(), new Tally(), new AbortController().signal);
    await expect(posting.send([aRow(1)])).rejects.toMatchObject({ code: 'topic.not_found' });
    close();
  });

  it('gives up when nothing was taken for a minute', async () => {
    const { client, close } = await door(
      ...Array.from({ length: 4 }, () => ({ status: 503, headers: { 'retry-after': '30' } })),
    );
    const clock = new FakeClock();
    const sending = new Posting(client, clock, new Tally(), new AbortController().signal).send([aRow(1)]);
    let reason: unknown;
    sending.catch((error: unknown) => (reason = error));
    await until('it gives up', () => {
      if (clock.pendingAlarms > 0) clock.advance(30_000);
      return reason !== undefined;
    });
    expect(reason).toMatchObject({ status: 503 });
    expect(clock.monotonicMs()).toBe(60_000);
    close();
  });

  it('names the first twenty bad rows, and counts the others', () => {
    const tally = new Tally();
    for (let row = 1; row <= 25; row++) tally.refuse({ row, rules: ['data.price must be there'] });
    const lines = tally.lines(1);
    expect(lines).toHaveLength(22);
    expect(lines[20]).toBe('row 20: data.price must be there');
    expect(lines[21]).toBe('and 5 more');
  });
});
