import { loadSync } from '@grpc/proto-loader';
import { PROTO_LOADING } from '@distributary/contracts';

/** Encodes the response messages of one method. Loads the .proto file: for the start of a process, not for a call. */
export function responseSerializer(protoFile: string, service: string, method: string): (message: object) => Buffer {
  const definition = loadSync(protoFile, PROTO_LOADING)[service];
  if (definition === undefined || 'format' in definition || definition[method] === undefined) {
    throw new Error(`${protoFile} has no method ${service}/${method}`);
  }
  return definition[method].responseSerialize;
}
