import { TestApp } from '@distributary/monitoring-e2e';
import { fuzzGrpc } from './grpc-fuzz.js';
import type { FuzzTarget } from './fuzz-target.js';
import { holdingsOf, leaksSince } from './leak-check.js';
import { fuzzRest } from './rest-fuzz.js';
import { fuzzWebSocket } from './web-socket-fuzz.js';

/** The large version is `npm run fuzz`. The seed is fixed, so that a finding is found again. */
const SEED = 20260102;

describe('input that is made of the documents, and broken', () => {
  let app: TestApp;
  let target: FuzzTarget;
  beforeAll(async () => {
    app = await TestApp.start({
      RATE_LIMIT_PER_KEY: '1000000',
      RATE_LIMIT_PER_KEY_BURST: '1000000',
      RATE_LIMIT_PER_ADDRESS: '1000000',
      RATE_LIMIT_PER_ADDRESS_BURST: '1000000',
    });
    target = { httpUrl: app.httpUrl, grpcAddress: app.grpcAddress, streamPath: new URL(app.streamUrl).pathname };
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  it('is answered by the document over REST', async () => {
    const report = await fuzzRest(target, 5, SEED);
    expect(report.findings).toEqual([]);
    expect(report.cases).toBeGreaterThan(100);
  }, 120_000);

  it('is answered, or ends its connection with a code, over WebSocket', async () => {
    const before = await holdingsOf(app.httpUrl);
    const report = await fuzzWebSocket(target, 300, SEED);
    expect(report.findings).toEqual([]);
    expect(report.cases).toBe(300);
    expect(await leaksSince(before, app.httpUrl, Number.POSITIVE_INFINITY)).toEqual([]);
  }, 120_000);

  it('is answered with a status over gRPC', async () => {
    const before = await holdingsOf(app.httpUrl);
    const report = await fuzzGrpc(target, 300, SEED);
    expect(report.findings).toEqual([]);
    expect(report.cases).toBeGreaterThanOrEqual(300);
    expect(await leaksSince(before, app.httpUrl, Number.POSITIVE_INFINITY)).toEqual([]);
  }, 120_000);
});
