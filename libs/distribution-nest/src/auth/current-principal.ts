import { LOCAL_PRINCIPAL, type Principal } from '@distributary/distribution-core';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

/** Where a door leaves the principal that it established; requests and calls alike. */
export interface Authenticated {
  principal?: Principal;
}

/** Who calls the handler of a REST route. Without authentication: the local principal. */
export const CurrentPrincipal = createParamDecorator(
  (_data: unknown, context: ExecutionContext): Principal =>
    context.switchToHttp().getRequest<Authenticated>().principal ?? LOCAL_PRINCIPAL,
);
