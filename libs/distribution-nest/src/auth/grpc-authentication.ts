import { type Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { DistributionError, type Principal } from '@distributary/distribution-core';
import { grpcError } from '../errors/grpc-error.js';
import { asDistributionError } from '../errors/as-distribution-error.js';
import { type AccessControl, tokenOf } from './access-control.js';

/** They tell nothing of anybody's events: what methods there are, and whether the server serves. */
const OPEN_SERVICES = /^\/grpc\.(health\.v1\.Health|reflection\.v1(alpha)?\.ServerReflection)\//;

const principals = new WeakMap<Metadata, Principal>();

/** Whose call the metadata came with; undefined if it did not pass {@link authenticationInterceptor}. */
export const principalOfCall = (metadata: Metadata): Principal | undefined => principals.get(metadata);

/** For handlers of raw calls: a server that forgot the interceptor is a defect, and must not open. */
export function requiredPrincipal(metadata: Metadata): Principal {
  const principal = principals.get(metadata);
  if (principal === undefined) throw new DistributionError('auth.missing', 'this needs an API key or a token');
  return principal;
}

/** Before any handler runs a call has a principal, found by its metadata, or is ended with UNAUTHENTICATED. */
export function authenticationInterceptor(access: AccessControl): ServerInterceptor {
  return (method, call) => {
    if (OPEN_SERVICES.test(method.path)) return new ServerInterceptingCall(call);
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, deliver) => {
            principalOf(access, metadata, () => call.getAuthContext().sslPeerCertificate?.raw).then(
              (principal) => {
                principals.set(metadata, principal);
                deliver(metadata);
              },
              (thrown: unknown) => {
                const { code, details, metadata: trailers } = grpcError(asDistributionError(thrown));
                call.sendStatus({ code, details, metadata: trailers });
              },
            );
          },
        }),
    });
  };
}

/** By the token in the metadata or, without one, by the certificate (DER) that the peer showed. */
export async function principalOf(
  access: AccessControl,
  metadata: Metadata,
  certificate: () => Buffer | undefined,
): Promise<Principal> {
  const [authorization] = metadata.get('authorization');
  const [apiKey] = metadata.get('x-api-key');
  const token = tokenOf({ authorization: authorization?.toString(), 'x-api-key': apiKey?.toString() });
  return (token === undefined ? access.ofCertificate(certificate) : undefined) ?? access.authenticate(token);
}
