import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { SelectsByFields } from '../doors/selection-fields.js';
import { contractOf } from './api-contract.js';
import { domainContract } from './domain-contract.js';
import { refuseUnknownParameters } from './unknown-parameters.js';

/**
 * As `APP_GUARD`: refuses query parameters that the contract of a route does not have, with `request.invalid` and the name
 * of each. Routes without a contract, such as the page of the documents, take any.
 */
export class KnownQueryGuard implements CanActivate {
  /** By handler. */
  private readonly known = new Map<object, readonly string[] | undefined>();

  constructor(private readonly domain: SelectsByFields) {}

  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return true;
    const { query } = context.switchToHttp().getRequest<{ readonly query: Readonly<Record<string, unknown>> }>();
    const given = Object.keys(query);
    if (given.length === 0) return true;
    const known = this.parametersOf(context.getHandler());
    if (known !== undefined) refuseUnknownParameters(given, known);
    return true;
  }

  private parametersOf(handler: object): readonly string[] | undefined {
    if (this.known.has(handler)) return this.known.get(handler);
    const contract = contractOf(handler);
    const names = contract && Object.keys(domainContract(contract, this.domain).query?.shape ?? {});
    this.known.set(handler, names);
    return names;
  }
}
