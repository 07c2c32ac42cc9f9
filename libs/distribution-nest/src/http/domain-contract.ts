import type { z } from 'zod';
import { querySchemaFor, schemaFor, type SelectsByFields } from '../doors/selection-fields.js';
import type { RouteContract } from './api-contract.js';

/** The contract with the domain's own fields wherever the route takes a selection. */
export function domainContract(contract: RouteContract, domain: SelectsByFields): RouteContract {
  if (contract.selects === 'query' && contract.query !== undefined) {
    return { ...contract, query: querySchemaFor(contract.query, domain) };
  }
  if (contract.selects === 'body') return { ...contract, body: schemaFor(contract.body as z.ZodObject, domain) };
  return contract;
}
