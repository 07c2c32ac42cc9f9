import { DistributionError, type Principal } from '@distributary/distribution-core';
import type { Metadata } from '@grpc/grpc-js';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { principalOfCall } from './grpc-authentication.js';

/** Where the HTTP door leaves the principal that it established. */
export interface Authenticated {
  principal?: Principal;
}

/**
 * Who calls the handler of a REST route or of a unary gRPC method (whose other parameters then need `@Payload()`). Without
 * authentication: the local principal.
 */
export const CurrentPrincipal = createParamDecorator((_data: unknown, context: ExecutionContext): Principal => {
  const principal =
    context.getType() === 'rpc'
      ? principalOfCall(context.switchToRpc().getContext<Metadata>())
      : context.switchToHttp().getRequest<Authenticated>().principal;
  // A door that forgot to ask is a defect, and must not open.
  if (principal === undefined) throw new DistributionError('auth.missing', 'this needs an API key or a token');
  return principal;
});
