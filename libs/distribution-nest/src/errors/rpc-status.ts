import { numberField, ProtobufWriter, bytesFieldSize, textField } from '../doors/grpc/protobuf-writer.js';

/** Where clients of gRPC look for details of a status: a serialized `google.rpc.Status`. */
export const GRPC_STATUS_DETAILS_KEY = 'grpc-status-details-bin';

const STATUS = { code: 1, message: 2, details: 3 };
const ANY = { typeUrl: 1, value: 2 };
const RETRY_INFO = { retryDelay: 1 };
const DURATION = { seconds: 1, nanos: 2 };
const RETRY_INFO_URL = 'type.googleapis.com/google.rpc.RetryInfo';

/** A `google.rpc.Status` that says, by its `RetryInfo`, when to come back; many client libraries obey it by themselves. */
export function statusWithRetryInfo(code: number, message: string, retryAfterMs: number): Buffer {
  const duration = Buffer.concat([
    numberField(DURATION.seconds, Math.floor(retryAfterMs / 1_000)),
    numberField(DURATION.nanos, Math.round((retryAfterMs % 1_000) * 1e6)),
  ]);
  const retryInfo = bytesField(RETRY_INFO.retryDelay, duration);
  const any = Buffer.concat([textField(ANY.typeUrl, RETRY_INFO_URL), bytesField(ANY.value, retryInfo)]);
  return Buffer.concat([
    numberField(STATUS.code, code),
    textField(STATUS.message, message),
    bytesField(STATUS.details, any),
  ]);
}

function bytesField(field: number, bytes: Uint8Array): Buffer {
  const writer = new ProtobufWriter(bytesFieldSize(bytes.length));
  writer.bytesField(field, bytes);
  return writer.buffer;
}
