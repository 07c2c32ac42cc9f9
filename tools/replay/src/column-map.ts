import { type DataType, fieldValue, FIELDS, REQUIRED, type TimeUnit } from './fields.js';

export interface Mapping {
  readonly type: DataType;
  /** Columns of fields that are not called like them. */
  readonly columns: Readonly<Record<string, string>>;
  /** Fields that every row has alike. */
  readonly constants: Readonly<Record<string, string>>;
  readonly topic?: string;
  readonly source: string;
  readonly timeUnit: TimeUnit;
}

/** An event as `POST events` takes it. */
export interface ReplayedEvent {
  readonly event_id: string;
  readonly data_type: DataType;
  readonly data: Readonly<Record<string, string | number>>;
  readonly routing?: { readonly topic: string };
  readonly metadata: { readonly source: string; readonly replayed: true };
}

/** What is wrong with the file or with what was asked of it; not with a row. */
export class ReplayError extends Error {}

/** From the columns of one file to events. */
export class ColumnMap {
  /** Of the file, in the order in which rows have to bring them. */
  readonly columns: readonly string[];
  private readonly fields: readonly string[];

  /** `available`: the columns of the file. Throws a {@link ReplayError} that names everything that does not fit. */
  constructor(
    available: readonly string[],
    private readonly mapping: Mapping,
  ) {
    const { type, columns, constants } = mapping;
    const problems: string[] = [];
    const byName = new Map(available.map((name) => [name.toLowerCase(), name]));
    for (const field of [...Object.keys(columns), ...Object.keys(constants)]) {
      if (!Object.hasOwn(FIELDS[type], field)) {
        problems.push(`${field} is no field of a ${type}; these are: ${Object.keys(FIELDS[type]).join(', ')}`);
      }
    }
    const found = Object.keys(FIELDS[type]).flatMap((field): [string, string][] => {
      if (Object.hasOwn(constants, field)) return [];
      const wanted = Object.hasOwn(columns, field) ? columns[field] : field;
      const column = byName.get(wanted.toLowerCase());
      if (column !== undefined) return [[field, column]];
      if (Object.hasOwn(columns, field)) problems.push(`there is no column ${wanted} for ${field}`);
      else if (REQUIRED[type].includes(field)) problems.push(`there is no column for ${field}`);
      return [];
    });
    if (problems.length > 0) {
      throw new ReplayError(`${problems.join('\n')}\ncolumns of the file: ${available.join(', ')}`);
    }
    this.fields = found.map(([field]) => field);
    this.columns = found.map(([, column]) => column);
  }

  get hasTime(): boolean {
    return this.fields.includes('timestamp');
  }

  /** `values`: of {@link columns}; null where the row has nothing. */
  eventOf(values: readonly (string | null)[], eventId: string): ReplayedEvent {
    const { type, constants, topic, source, timeUnit } = this.mapping;
    const kinds = FIELDS[type];
    const data: Record<string, string | number> = {};
    for (const [field, text] of Object.entries(constants)) data[field] = fieldValue(text, kinds[field], timeUnit);
    for (const [index, field] of this.fields.entries()) {
      const text = values[index];
      if (text !== null) data[field] = fieldValue(text, kinds[field], timeUnit);
    }
    return {
      event_id: eventId,
      data_type: type,
      data,
      ...(topic !== undefined && { routing: { topic } }),
      metadata: { source, replayed: true },
    };
  }
}

/** Epoch milliseconds; undefined if the event has no time, or none that is one. */
export function timeMsOf({ data }: ReplayedEvent): number | undefined {
  const ms = typeof data.timestamp === 'string' ? Date.parse(data.timestamp) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}
