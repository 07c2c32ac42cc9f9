import { MANAGEMENT_PROTOS, MONITORING_PROTO, PROTO_LOADING } from '@distributary/contracts';
import { type AnyClient, grpcClientOf, type TestedService } from '@distributary/distribution-service/testing';
import { loadSync } from '@grpc/proto-loader';

export { type AnyClient, type AnyStream, ask, type Fields } from '@distributary/distribution-service/testing';

/** What is not on the wire reads as its default, so that answers can be compared. */
const definition = loadSync([MONITORING_PROTO, ...MANAGEMENT_PROTOS], { ...PROTO_LOADING, defaults: true });

/** A client of any service by its full name, out of any .proto files; ours, if none are given. */
export const clientOf = (app: TestedService, name: string, files = definition): AnyClient =>
  grpcClientOf(app, name, files);
