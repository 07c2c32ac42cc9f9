import {
  DistributionError,
  type JsonObject,
  type LookupRows,
  type LookupSummary,
  type LookupTableStore,
  type NamedTransformation,
  type Precondition,
  requireVersion,
  type TransformationDefinition,
  type TransformationStore,
  transformationVersion,
} from '@distributary/distribution-core';
import type { DataSource, EntityManager } from 'typeorm';
import { isUniqueViolation, translated } from './postgres.errors.js';

interface Row {
  readonly tenant: string;
  readonly name: string;
  readonly definition: TransformationDefinition;
  readonly created_at: Date;
  readonly changed_at: Date;
}

const COLUMNS = 'tenant, name, definition, created_at, changed_at';

/** The {@link TransformationStore} on PostgreSQL. */
export class PostgresTransformationStore implements TransformationStore {
  constructor(private readonly dataSource: DataSource) {}

  list(tenant: string): Promise<readonly NamedTransformation[]> {
    return translated(async () => {
      const rows = await this.dataSource.query<Row[]>(
        `SELECT ${COLUMNS} FROM transformations WHERE tenant = $1 ORDER BY name`,
        [tenant],
      );
      return rows.map(toTransformation);
    });
  }

  find(tenant: string, name: string): Promise<NamedTransformation | undefined> {
    return translated(async () => {
      const [row] = await this.dataSource.query<Row[]>(
        `SELECT ${COLUMNS} FROM transformations WHERE tenant = $1 AND name = $2`,
        [tenant, name],
      );
      return row === undefined ? undefined : toTransformation(row);
    });
  }

  create({ tenant, name, definition, createdAtMicros, changedAtMicros }: NamedTransformation): Promise<void> {
    return translated(async () => {
      try {
        await this.dataSource.query(`INSERT INTO transformations (${COLUMNS}) VALUES ($1, $2, $3, $4, $5)`, [
          tenant,
          name,
          JSON.stringify(definition),
          dateOf(createdAtMicros),
          dateOf(changedAtMicros),
        ]);
      } catch (error) {
        if (!isUniqueViolation(error)) throw error;
        throw new DistributionError('transformation.exists', `there is a transformation ${name} already`);
      }
    });
  }

  replace(
    tenant: string,
    name: string,
    definition: TransformationDefinition,
    changedAtMicros: number,
    precondition: Precondition,
  ): Promise<NamedTransformation> {
    return this.locked(tenant, name, precondition, async (manager) => {
      // An update answers with its rows and their number.
      const [[row]] = await manager.query<[Row[], number]>(
        `UPDATE transformations SET definition = $3, changed_at = $4 WHERE tenant = $1 AND name = $2 RETURNING ${COLUMNS}`,
        [tenant, name, JSON.stringify(definition), dateOf(changedAtMicros)],
      );
      return toTransformation(row);
    });
  }

  delete(tenant: string, name: string, precondition: Precondition): Promise<void> {
    return this.locked(tenant, name, precondition, async (manager) => {
      await manager.query('DELETE FROM transformations WHERE tenant = $1 AND name = $2', [tenant, name]);
    });
  }

  /** Between the look at the precondition and the change nothing else happens to the row. */
  private locked<Result>(
    tenant: string,
    name: string,
    precondition: Precondition,
    work: (manager: EntityManager) => Promise<Result>,
  ): Promise<Result> {
    return translated(() =>
      this.dataSource.transaction(async (manager) => {
        const [row] = await manager.query<Row[]>(
          `SELECT ${COLUMNS} FROM transformations WHERE tenant = $1 AND name = $2 FOR UPDATE`,
          [tenant, name],
        );
        if (row === undefined) throw new DistributionError('transformation.not_found', `no transformation ${name}`);
        requireVersion(precondition, transformationVersion(row.definition));
        return work(manager);
      }),
    );
  }
}

/** The {@link LookupTableStore} on PostgreSQL. */
export class PostgresLookupTables implements LookupTableStore {
  constructor(private readonly dataSource: DataSource) {}

  list(tenant: string): Promise<readonly LookupSummary[]> {
    return translated(async () => {
      const rows = await this.dataSource.query<{ name: string; row_count: number; changed_at: Date }[]>(
        'SELECT name, row_count, changed_at FROM lookup_tables WHERE tenant = $1 ORDER BY name',
        [tenant],
      );
      return rows.map((row) => ({
        name: row.name,
        rowCount: row.row_count,
        changedAtMicros: row.changed_at.getTime() * 1000,
      }));
    });
  }

  load(tenant: string, name: string): Promise<LookupRows | undefined> {
    return translated(async () => {
      const [row] = await this.dataSource.query<{ rows: JsonObject; changed_at: Date }[]>(
        'SELECT rows, changed_at FROM lookup_tables WHERE tenant = $1 AND name = $2',
        [tenant, name],
      );
      return row === undefined
        ? undefined
        : { tenant, name, rows: row.rows, changedAtMicros: row.changed_at.getTime() * 1000 };
    });
  }

  put({ tenant, name, rows, changedAtMicros }: LookupRows): Promise<void> {
    return translated(async () => {
      await this.dataSource.query(
        `INSERT INTO lookup_tables (tenant, name, rows, row_count, changed_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant, name) DO UPDATE
           SET rows = excluded.rows, row_count = excluded.row_count, changed_at = excluded.changed_at`,
        [tenant, name, JSON.stringify(rows), Object.keys(rows).length, dateOf(changedAtMicros)],
      );
    });
  }

  delete(tenant: string, name: string): Promise<void> {
    return translated(async () => {
      const [, count] = await this.dataSource.query<[unknown, number]>(
        'DELETE FROM lookup_tables WHERE tenant = $1 AND name = $2',
        [tenant, name],
      );
      if (count === 0) throw new DistributionError('lookup_table.not_found', `no look-up table ${name}`);
    });
  }
}

const dateOf = (micros: number): Date => new Date(micros / 1000);

function toTransformation(row: Row): NamedTransformation {
  return {
    tenant: row.tenant,
    name: row.name,
    definition: row.definition,
    createdAtMicros: row.created_at.getTime() * 1000,
    changedAtMicros: row.changed_at.getTime() * 1000,
  };
}
