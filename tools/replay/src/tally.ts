export interface BadRow {
  readonly row: number;
  /** Paths are those of the event that the row became. */
  readonly rules: readonly string[];
}

const MAX_NAMED = 20;

/** What has become of the rows. */
export class Tally {
  published = 0;
  /** The service had them already. */
  duplicates = 0;
  refused = 0;
  /** Of the file: up to there all are published, known already or refused. */
  lastRow = 0;
  /** Of the refused, the first ones. */
  readonly badRows: BadRow[] = [];

  refuse(row: BadRow): void {
    this.refused++;
    if (this.badRows.length < MAX_NAMED) this.badRows.push(row);
  }

  get rows(): number {
    return this.published + this.duplicates + this.refused;
  }

  /** What a person is told in the end. */
  lines(seconds: number): string[] {
    const { rows, published, duplicates, refused, badRows } = this;
    const unnamed = refused - badRows.length;
    return [
      `${number(rows)} rows in ${seconds.toFixed(1)} s: ${number(published)} published, ` +
        `${number(duplicates)} known already, ${number(refused)} refused`,
      ...badRows.map(({ row, rules }) => `row ${row}: ${rules.join('; ')}`),
      ...(unnamed > 0 ? [`and ${number(unnamed)} more`] : []),
    ];
  }
}

const number = (value: number): string => value.toLocaleString('en');
