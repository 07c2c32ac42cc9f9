import { DEFAULT_TENANT, DistributionError, requirePermission, type Verb } from '@distributary/distribution-core';
import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Authenticated } from './current-principal.js';

const OPERATOR_VERB = 'distributary:operator-verb';

/**
 * On a route or controller that tells of the whole service, all tenants included: callers need a permission with the verb
 * in the default tenant, which is the operator's.
 */
export const OperatorOnly = (verb: Verb) => SetMetadata(OPERATOR_VERB, verb);

/** As `APP_GUARD`: looks after {@link OperatorOnly}; other routes look after themselves. */
@Injectable()
export class OperatorGuard implements CanActivate {
  private readonly reflector = new Reflector();

  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return true;
    const verb = this.reflector.getAllAndOverride<Verb | undefined>(OPERATOR_VERB, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (verb === undefined) return true;
    const { principal } = context.switchToHttp().getRequest<Authenticated>();
    if (principal === undefined) throw new DistributionError('auth.missing', 'this needs an API key or a token');
    if (principal.tenant !== DEFAULT_TENANT) {
      throw new DistributionError('auth.forbidden', 'this is for those who run the service');
    }
    requirePermission(principal, verb);
    return true;
  }
}
