import { DistributionError, requirePermission, type Verb } from '@distributary/distribution-core';
import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Authenticated } from './current-principal.js';

const REQUIRED_VERB = 'distributary:required-verb';

/** On a route or a controller: callers need a permission with the verb, on whatever topics. */
export const RequireVerb = (verb: Verb) => SetMetadata(REQUIRED_VERB, verb);

/** As `APP_GUARD`: looks after {@link RequireVerb}; routes without it look after themselves. */
@Injectable()
export class RequiredVerbGuard implements CanActivate {
  private readonly reflector = new Reflector();

  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return true;
    const verb = this.reflector.getAllAndOverride<Verb | undefined>(REQUIRED_VERB, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (verb === undefined) return true;
    const { principal } = context.switchToHttp().getRequest<Authenticated>();
    if (principal === undefined) throw new DistributionError('auth.missing', 'this needs an API key or a token');
    requirePermission(principal, verb);
    return true;
  }
}
