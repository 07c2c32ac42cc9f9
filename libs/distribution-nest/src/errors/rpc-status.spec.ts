import { DistributionError, invalidRequest } from '@distributary/distribution-core';
import protobuf from 'protobufjs';
import { grpcError } from './grpc-error.js';
import { GRPC_STATUS_DETAILS_KEY } from './rpc-status.js';

/** As in googleapis; `bytes` and field numbers are what is compared. */
const PROTO = `syntax = "proto3"; package google.rpc;
  message Duration { int64 seconds = 1; int32 nanos = 2; }
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message RetryInfo { Duration retry_delay = 1; }`;

describe('the status of a gRPC call that may be repeated', () => {
  const root = protobuf.parse(PROTO, { keepCase: true }).root;
  const decoded = (type: string, bytes: Uint8Array) => {
    const found = root.lookupType(`google.rpc.${type}`);
    return found.toObject(found.decode(bytes), { longs: Number });
  };

  it.each([
    [1_500, { seconds: 1, nanos: 500_000_000 }],
    [250, { nanos: 250_000_000 }],
    [90_000, { seconds: 90 }],
  ])('says after %i ms in RetryInfo when to come back', (retryAfterMs, delay) => {
    const error = grpcError(new DistributionError('quota.exceeded', 'too many requests', { retryAfterMs }));
    const status = decoded('Status', error.metadata.get(GRPC_STATUS_DETAILS_KEY)[0] as Buffer);
    expect(status).toMatchObject({ code: error.code, message: 'too many requests' });
    const [any] = status.details as { type_url: string; value: Uint8Array }[];
    expect(any.type_url).toBe('type.googleapis.com/google.rpc.RetryInfo');
    expect(decoded('RetryInfo', any.value)).toEqual({ retry_delay: delay });
  });

  it('says nothing of that where repeating is pointless', () => {
    const error = grpcError(invalidRequest([{ path: 'id', rule: 'is required' }]));
    expect(error.metadata.get(GRPC_STATUS_DETAILS_KEY)).toEqual([]);
  });
});
