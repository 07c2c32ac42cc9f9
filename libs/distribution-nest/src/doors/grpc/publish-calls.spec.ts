import { Duplex } from 'node:stream';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import {
  API_KEY_PREFIX,
  DistributionError,
  LOCAL_PRINCIPAL,
  noMetrics,
  type Principal,
} from '@distributary/distribution-core';
import { FakeClock, until } from '@distributary/distribution-core/testing';
import { AccessControl, OPEN_ACCESS } from '../../auth/access-control.js';
import { PublishCalls, type PublishCallsDependencies, type PublishStreamCall } from './publish-calls.js';

interface Ack {
  readonly request: number;
  readonly results?: readonly { readonly event_id: string }[];
  readonly error?: { readonly code: string; readonly retry_after_ms?: number };
}

/** The call as the server has it: what the client sends is pushed in, what it is answered is written out. */
class TestCall extends Duplex {
  readonly metadata = new Metadata();
  readonly acks: Ack[] = [];
  failure: ServiceError | undefined;
  /** A client that does not read. */
  isStuck = false;
  private release: (() => void) | undefined;

  constructor() {
    super({ objectMode: true, highWaterMark: 2, emitClose: false });
    this.on('error', (error: ServiceError) => (this.failure = error));
  }

  override _read(): void {}

  override _write(ack: Ack, _encoding: string, done: () => void): void {
    this.acks.push(ack);
    if (this.isStuck) this.release = done;
    else done();
  }

  readOn(): void {
    this.isStuck = false;
    this.release?.();
  }

  sends(...texts: readonly string[]): void {
    this.push({ events: texts.map((text) => Buffer.from(text)) });
  }

  asCall(): PublishStreamCall {
    return this as unknown as PublishStreamCall;
  }
}

/** A publisher whose calls end when the test says so. */
class Publisher {
  readonly calls: { readonly events: readonly unknown[]; end(error?: unknown): void }[] = [];

  publish: PublishCallsDependencies['publish'] = (events) =>
    new Promise((resolve, reject) => {
      const results = events.map((event) => ({ ...(event as { event_id: string }), duplicate: false }));
      this.calls.push({
        events,
        end: (error) => (error === undefined ? resolve(results as never) : reject(error as Error)),
      });
    });
}

describe('a stream that publishes', () => {
  const clock = new FakeClock();
  let publisher: Publisher;
  let unexpected: unknown[];
  let calls: PublishCalls;
  let call: TestCall;

  beforeEach(() => {
    publisher = new Publisher();
    unexpected = [];
    const onUnexpected = (error: unknown) => void unexpected.push(error);
    calls = new PublishCalls(
      { publish: publisher.publish, access: OPEN_ACCESS, clock, metrics: noMetrics, onUnexpected },
      1,
    );
    call = new TestCall();
    calls.accept(call.asCall());
  });

  const published = (count: number) => until(`${count} batches`, () => publisher.calls.length >= count);
  const answered = (count: number) => until(`${count} answers`, () => call.acks.length >= count);

  it('answers each batch in its turn, whichever is done first', async () => {
    call.sends('{"event_id":"a"}');
    call.sends('{"event_id":"b"}', '{"event_id":"c"}');
    await published(2);
    publisher.calls[1].end();
    publisher.calls[0].end();
    await answered(2);
    expect(call.acks.map(({ request, results }) => [request, results?.map(({ event_id }) => event_id)])).toEqual([
      [1, ['a']],
      [2, ['b', 'c']],
    ]);
  });

  it('ends when the client has ended and everything is answered', async () => {
    call.sends('{"event_id":"a"}');
    call.push(null);
    await published(1);
    expect(call.writableEnded).toBe(false);
    publisher.calls[0].end();
    await until('the end', () => call.writableEnded);
    expect(call.acks).toHaveLength(1);
  });

  it('reads no further than its window', async () => {
    for (let batch = 0; batch < 50; batch++) call.sends('{"event_id":"a"}');
    await published(8);
    expect(call.isPaused()).toBe(true);
    expect(publisher.calls.length).toBeLessThanOrEqual(9);
    publisher.calls[0].end();
    await published(publisher.calls.length + 1);
  });

  it('goes on after a batch that was refused', async () => {
    call.sends('no JSON');
    call.sends();
    call.sends(...Array<string>(1_001).fill('{}'));
    call.sends('{"event_id":"a"}');
    await published(1);
    publisher.calls[0].end();
    await answered(4);
    expect(call.acks.map(({ error }) => error?.code)).toEqual([
      'request.invalid',
      'request.invalid',
      'payload.too_large',
      undefined,
    ]);
  });

  it('rests while the ingest is busy', async () => {
    call.sends('{"event_id":"a"}');
    await published(1);
    publisher.calls[0].end(new DistributionError('ingest.busy', 'later', { retryAfterMs: 500 }));
    await answered(1);
    expect(call.acks[0].error).toMatchObject({ code: 'ingest.busy', retry_after_ms: 500 });
    expect(call.isPaused()).toBe(true);
    call.sends('{"event_id":"b"}');
    clock.advance(499);
    expect(publisher.calls).toHaveLength(1);
    clock.advance(1);
    await published(2);
  });

  it('reads no more of a client that does not read its answers', async () => {
    call.isStuck = true;
    for (let batch = 0; batch < 50; batch++) call.sends('{"event_id":"a"}');
    await published(8);
    for (let at = 0; at < publisher.calls.length; at++) publisher.calls[at].end();
    await until('the pause', () => call.isPaused());
    const before = publisher.calls.length;
    expect(before).toBeLessThan(50);
    call.readOn();
    await published(before + 1);
  });

  it.each(['auth.expired', 'auth.missing'] as const)('is over when its caller is refused: %s', async (code) => {
    call.sends('{"event_id":"a"}');
    await published(1);
    publisher.calls[0].end(new DistributionError(code, 'no'));
    await until('the status', () => call.failure);
    expect(call.failure?.code).toBe(status.UNAUTHENTICATED);
    expect(call.acks).toEqual([]);
  });

  it('says nothing of a fault of ours but that there was one', async () => {
    call.sends('{"event_id":"a"}');
    await published(1);
    publisher.calls[0].end(new Error('secret'));
    await answered(1);
    expect(JSON.stringify(call.acks[0])).not.toContain('secret');
    expect(unexpected).toHaveLength(1);
  });

  it('is drained when what was read is answered', async () => {
    call.sends('{"event_id":"a"}');
    await published(1);
    let isDrained = false;
    const draining = calls.drain().then(() => (isDrained = true));
    call.sends('{"event_id":"b"}');
    await Promise.resolve();
    expect(isDrained).toBe(false);
    publisher.calls[0].end();
    await draining;
    expect(call.acks).toHaveLength(1);
    expect(call.failure?.code).toBe(status.UNAVAILABLE);
    const late = new TestCall();
    calls.accept(late.asCall());
    expect(late.failure?.code).toBe(status.UNAVAILABLE);
    await calls.drain();
  });

  it('is drained though its client takes no answer', async () => {
    call.isStuck = true;
    for (let batch = 0; batch < 4; batch++) call.sends('{"event_id":"a"}');
    await published(4);
    for (const each of publisher.calls) each.end();
    await until('the door to be full', () => call.isPaused());
    await calls.drain();
    expect(call.failure?.code).toBe(status.UNAVAILABLE);
  });

  it('appends in the order in which the batches came, however long it takes to know whose they are', async () => {
    const known: ((principal: Principal) => void)[] = [];
    const authenticate = () => new Promise<Principal>((resolve) => known.push(resolve));
    const access = new AccessControl({ apiKeys: { authenticate }, jwts: undefined });
    const { publish } = publisher;
    calls = new PublishCalls({ publish, access, clock, metrics: noMetrics, onUnexpected: () => undefined });
    call = new TestCall();
    call.metadata.set('x-api-key', `${API_KEY_PREFIX}a`);
    calls.accept(call.asCall());
    for (const id of ['a', 'b', 'c']) call.sends(`{"event_id":"${id}"}`);
    await until('three questions', () => known.length === 3);
    for (const tell of known.toReversed()) tell(LOCAL_PRINCIPAL);
    await published(3);
    expect(publisher.calls.map(({ events }) => events)).toEqual(['a', 'b', 'c'].map((event_id) => [{ event_id }]));
  });

  it('knows its caller by a certificate where there is no token', async () => {
    const certificates = (raw: Buffer) => (raw.toString() === 'der' ? LOCAL_PRINCIPAL : undefined);
    const authenticate = () => Promise.reject(new DistributionError('auth.missing', 'no'));
    const access = new AccessControl({ apiKeys: { authenticate }, jwts: undefined, certificates });
    const { publish } = publisher;
    calls = new PublishCalls({ publish, access, clock, metrics: noMetrics, onUnexpected: () => undefined });
    call = Object.assign(new TestCall(), {
      getAuthContext: () => ({ sslPeerCertificate: { raw: Buffer.from('der') } }),
    });
    calls.accept(call.asCall());
    call.sends('{"event_id":"a"}');
    await published(1);
    expect(call.failure).toBeUndefined();
  });

  it('finds no room beyond the limit, and room again when another has gone', async () => {
    const second = new TestCall();
    calls.accept(second.asCall());
    expect(second.failure?.code).toBe(status.UNAVAILABLE);
    call.emit('cancelled');
    call.sends('{"event_id":"late"}');
    const third = new TestCall();
    calls.accept(third.asCall());
    third.sends('{"event_id":"a"}');
    await published(1);
    expect(third.failure).toBeUndefined();
    expect(publisher.calls[0].events).toEqual([{ event_id: 'a' }]);
  });
});
