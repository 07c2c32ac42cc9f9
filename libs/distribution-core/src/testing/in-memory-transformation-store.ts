import { DistributionError } from '../errors/distribution-error.js';
import {
  type LookupRows,
  type LookupSummary,
  type LookupTableStore,
  type NamedTransformation,
  type TransformationStore,
  transformationVersion,
} from '../ports/transformation-store.port.js';
import { type Precondition, requireVersion } from '../precondition.js';
import type { TransformationDefinition } from '../transformation/definition.js';

const keyOf = (tenant: string, name: string): string => JSON.stringify([tenant, name]);
const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);

/** Forgets with the process. */
export class InMemoryTransformationStore implements TransformationStore {
  private readonly all = new Map<string, NamedTransformation>();

  list(tenant: string): Promise<readonly NamedTransformation[]> {
    return Promise.resolve([...this.all.values()].filter((each) => each.tenant === tenant).sort(byName));
  }

  find(tenant: string, name: string): Promise<NamedTransformation | undefined> {
    return Promise.resolve(this.all.get(keyOf(tenant, name)));
  }

  async create(transformation: NamedTransformation): Promise<void> {
    const key = keyOf(transformation.tenant, transformation.name);
    if (this.all.has(key))
      throw new DistributionError('transformation.exists', `there is ${transformation.name} already`);
    this.all.set(key, transformation);
    return Promise.resolve();
  }

  async replace(
    tenant: string,
    name: string,
    definition: TransformationDefinition,
    changedAtMicros: number,
    precondition: Precondition,
  ): Promise<NamedTransformation> {
    const replaced = { ...this.required(tenant, name, precondition), definition, changedAtMicros };
    this.all.set(keyOf(tenant, name), replaced);
    return Promise.resolve(replaced);
  }

  async delete(tenant: string, name: string, precondition: Precondition): Promise<void> {
    this.required(tenant, name, precondition);
    this.all.delete(keyOf(tenant, name));
    return Promise.resolve();
  }

  private required(tenant: string, name: string, precondition: Precondition): NamedTransformation {
    const found = this.all.get(keyOf(tenant, name));
    if (found === undefined) throw new DistributionError('transformation.not_found', `no transformation ${name}`);
    requireVersion(precondition, transformationVersion(found.definition));
    return found;
  }
}

/** Forgets with the process. */
export class InMemoryLookupTables implements LookupTableStore {
  private readonly all = new Map<string, LookupRows>();

  list(tenant: string): Promise<readonly LookupSummary[]> {
    const own = [...this.all.values()].filter((table) => table.tenant === tenant).sort(byName);
    return Promise.resolve(
      own.map(({ name, rows, changedAtMicros }) => ({ name, rowCount: Object.keys(rows).length, changedAtMicros })),
    );
  }

  load(tenant: string, name: string): Promise<LookupRows | undefined> {
    return Promise.resolve(this.all.get(keyOf(tenant, name)));
  }

  put(table: LookupRows): Promise<void> {
    this.all.set(keyOf(table.tenant, table.name), table);
    return Promise.resolve();
  }

  async delete(tenant: string, name: string): Promise<void> {
    if (this.all.delete(keyOf(tenant, name))) return Promise.resolve();
    throw new DistributionError('lookup_table.not_found', `no look-up table ${name}`);
  }
}
