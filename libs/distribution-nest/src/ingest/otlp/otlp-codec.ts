import path from 'node:path';
import {
  OTLP_METRICS_PACKAGE,
  OTLP_METRICS_PROTO,
  OTLP_PROTO_ROOT,
  otlpMetricsRequestSchema,
  type OtlpMetricsRequest,
} from '@distributary/contracts';
import { DistributionError, invalidRequest } from '@distributary/distribution-core';
import protobuf from 'protobufjs';
import { parseWith } from '../../doors/stream-commands.js';
import { hasMoreParts } from '../../http/json-parts.js';
import type { ReadMetrics } from './metric-point.js';
import { hasMoreWireParts } from './wire-parts.js';

export const OTLP_PROTOBUF = 'application/x-protobuf';
export const OTLP_JSON = 'application/json';

/** `google.rpc.Status`, which OTLP's own files do not hold. */
const STATUS = new protobuf.Type('Status')
  .add(new protobuf.Field('code', 1, 'int32'))
  .add(new protobuf.Field('message', 2, 'string'));

/** Messages, and numbers in lists: an empty message has two bytes, and costs a hundred times as much once it is decoded. */
export const MAX_EXPORT_PARTS = 400_000;

/** OTLP's messages in both encodings. Loads the .proto files: for the start of a process, not for a call. */
export class OtlpCodec {
  private readonly request: protobuf.Type;
  private readonly response: protobuf.Type;

  constructor() {
    const root = new protobuf.Root();
    root.resolvePath = (_origin, target) => path.join(OTLP_PROTO_ROOT, target);
    root.loadSync(OTLP_METRICS_PROTO);
    root.resolveAll();
    this.request = root.lookupType(`${OTLP_METRICS_PACKAGE}.ExportMetricsServiceRequest`);
    this.response = root.lookupType(`${OTLP_METRICS_PACKAGE}.ExportMetricsServiceResponse`);
  }

  /**
   * `body`: bytes are protobuf, anything else is what JSON.parse has returned. `request.invalid`; `payload.too_large` beyond
   * {@link MAX_EXPORT_PARTS}, before more than that is made of it.
   */
  decode(body: unknown): OtlpMetricsRequest {
    if (Buffer.isBuffer(body)) return parseWith(otlpMetricsRequestSchema, this.fromProtobuf(body));
    if (hasMoreParts(body, MAX_EXPORT_PARTS)) throw tooManyParts();
    return parseWith(otlpMetricsRequestSchema, body);
  }

  private fromProtobuf(bytes: Buffer): object {
    try {
      if (hasMoreWireParts(this.request, bytes, MAX_EXPORT_PARTS)) throw tooManyParts();
      // As JSON: 64-bit integers and what is not finite as texts, bytes in base64.
      return this.request.toObject(this.request.decode(bytes), { longs: String, bytes: String, json: true });
    } catch (error) {
      if (error instanceof DistributionError) throw error;
      throw invalidRequest([{ path: '', rule: 'must be an ExportMetricsServiceRequest in protobuf' }]);
    }
  }

  answer(read: Pick<ReadMetrics, 'rejected' | 'reasons'>, isProtobuf: boolean): object | Buffer {
    const errorMessage = read.reasons.join('; ');
    if (!isProtobuf) {
      return read.rejected === 0 ? {} : { partialSuccess: { rejectedDataPoints: String(read.rejected), errorMessage } };
    }
    const answer = read.rejected === 0 ? {} : { partialSuccess: { rejectedDataPoints: read.rejected, errorMessage } };
    return Buffer.from(this.response.encode(this.response.fromObject(answer)).finish());
  }

  status(code: number, message: string, isProtobuf: boolean): object | Buffer {
    if (!isProtobuf) return { code, message };
    return Buffer.from(STATUS.encode(STATUS.create({ code, message })).finish());
  }
}

const tooManyParts = () =>
  new DistributionError(
    'payload.too_large',
    `at most ${MAX_EXPORT_PARTS} messages and numbers in lists are taken in one export`,
  );
