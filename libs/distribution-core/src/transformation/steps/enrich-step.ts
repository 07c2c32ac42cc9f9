import { MAX_TABLE_ROWS } from '../definition.js';
import { fieldPath, writePath } from '../event-path.js';
import type { Json } from '../json-value.js';
import { TransformationFailure } from '../meter.js';
import { type Fields, joined } from '../problem-list.js';
import type { LookupTable, StepCompiler, StepSurroundings } from './step.js';
import { compileSource, constant } from './value-source.js';

/** Puts the row of a key in: of a table in the definition, or of one of the tenant's. */
export const enrichStep: StepCompiler = (input, path, around) => {
  const { problems } = around;
  const fields = problems.fields(input, path, ['target', 'key', 'table', 'lookup', 'default']);
  if (fields === undefined) return undefined;
  const target = fieldPath(fields.target, joined(path, 'target'), problems, true);
  const key = compileSource(fields.key, joined(path, 'key'), problems);
  const table = tableOf(fields, path, around);
  const otherwise =
    fields.default === undefined ? () => undefined : constant(fields.default, joined(path, 'default'), problems);
  if (target === undefined || key === undefined || table === undefined || otherwise === undefined) return undefined;
  return (work) => {
    const name = keyText(key(work));
    const row = (name === undefined ? undefined : table.get(name)) ?? otherwise(work);
    if (row === undefined) throw new TransformationFailure('lookup', `there is no row for the key of ${path}`);
    writePath(work.event, target, work.meter.copy(row));
    return undefined;
  };
};

/** The names of the tables that a definition asks for, before anything is known of it. */
export function lookupNamesOf(steps: unknown): string[] {
  if (!Array.isArray(steps)) return [];
  const names = (steps as unknown[]).map((step) => (step as { enrich?: { lookup?: unknown } } | null)?.enrich?.lookup);
  return [...new Set(names.filter((name) => typeof name === 'string'))];
}

function keyText(key: Json | undefined): string | undefined {
  return typeof key === 'string' || typeof key === 'number' || typeof key === 'boolean' ? String(key) : undefined;
}

function tableOf(fields: Fields, path: string, { problems, tables }: StepSurroundings): LookupTable | undefined {
  if ((fields.table === undefined) === (fields.lookup === undefined)) {
    return problems.add(path, 'must have one of table, lookup');
  }
  if (fields.lookup !== undefined) {
    const name = problems.text(fields.lookup, joined(path, 'lookup'), 100);
    if (name === undefined) return undefined;
    return tables.get(name) ?? problems.add(joined(path, 'lookup'), `there is no look-up table ${name}`);
  }
  const rows = problems.entries(fields.table, joined(path, 'table'), MAX_TABLE_ROWS);
  return new Map(rows.map(([key, row]) => [key, JSON.parse(JSON.stringify(row)) as Json]));
}
