import {
  lookupRowsSchema,
  type LookupSummaryView,
  type LookupTableView,
  MAX_LOOKUP_ROWS,
  type Page,
  pageOf,
  pageQuerySchema,
  transformationNameSchema,
} from '@distributary/contracts';
import {
  type Clock,
  DistributionError,
  invalidRequest,
  type JsonObject,
  type LookupTables,
  type LookupTableStore,
  type Principal,
  requirePermission,
  requireSmall,
} from '@distributary/distribution-core';
import { isoTime } from '../../doors/json-messages.js';
import { parseWith } from '../../doors/stream-commands.js';

export interface LookupTablesDependencies {
  readonly store: LookupTableStore;
  readonly tables: LookupTables;
  readonly clock: Clock;
}

/** Of one tenant; more are `quota.exceeded`. */
export const MAX_LOOKUP_TABLES = 100;
/** Of the rows as JSON text: what every process may hold of a table. */
const MAX_LOOKUP_CHARACTERS = 1024 * 1024;
const MAX_LOOKUP_NODES = 500_000;

/** The look-up tables of the caller's tenant. A change reaches live subscriptions, in this process at once, else within 30 s. */
export class LookupTablesService {
  constructor(private readonly deps: LookupTablesDependencies) {}

  async list(principal: Principal, query: unknown): Promise<Page<LookupSummaryView>> {
    requirePermission(principal, 'read');
    const all = await this.deps.store.list(principal.tenant);
    const page = pageOf(all, ({ name }) => name, parseWith(pageQuerySchema, query));
    const items = page.items.map(({ name, rowCount, changedAtMicros }) => ({
      name,
      row_count: rowCount,
      changed_at: isoTime(changedAtMicros),
    }));
    return { ...page, items };
  }

  async get(principal: Principal, name: string): Promise<LookupTableView> {
    requirePermission(principal, 'read');
    const found = await this.deps.store.load(principal.tenant, name);
    if (found === undefined) throw new DistributionError('lookup_table.not_found', `no look-up table ${name}`);
    return { name, rows: found.rows, changed_at: isoTime(found.changedAtMicros) };
  }

  async put(principal: Principal, name: string, input: unknown): Promise<LookupTableView> {
    requirePermission(principal, 'manage');
    const { store, tables, clock } = this.deps;
    const { tenant } = principal;
    parseWith(transformationNameSchema, name);
    const rows = parseWith(lookupRowsSchema, input).rows as JsonObject;
    requireSmall(rows, 'rows', MAX_LOOKUP_NODES);
    const count = Object.keys(rows).length;
    if (count > MAX_LOOKUP_ROWS) throw invalidRequest([{ path: 'rows', rule: `must be at most ${MAX_LOOKUP_ROWS}` }]);
    if (JSON.stringify(rows).length > MAX_LOOKUP_CHARACTERS) {
      throw invalidRequest([{ path: 'rows', rule: `must be at most ${MAX_LOOKUP_CHARACTERS} characters of JSON` }]);
    }
    const known = await store.list(tenant);
    if (known.length >= MAX_LOOKUP_TABLES && !known.some((table) => table.name === name)) {
      throw new DistributionError('quota.exceeded', `a tenant may have ${MAX_LOOKUP_TABLES} look-up tables`);
    }
    const changedAtMicros = clock.nowMicros();
    await store.put({ tenant, name, rows, changedAtMicros });
    tables.expire(tenant, name);
    return { name, rows, changed_at: isoTime(changedAtMicros) };
  }

  /** Transformations that name it go on with its last rows, and cannot be compiled any more. */
  async delete(principal: Principal, name: string): Promise<void> {
    requirePermission(principal, 'manage');
    await this.deps.store.delete(principal.tenant, name);
    this.deps.tables.expire(principal.tenant, name);
  }
}
