import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const FILE = /^(\d{4})-([a-z0-9-]+)\.up\.sql$/;
/** TypeORM orders migrations by the 13 digits at the end of their names. */
const ORDER_DIGITS = 13;

type MigrationClass = new () => MigrationInterface;

/**
 * `NNNN-name.up.sql` and `.down.sql` of one folder as TypeORM migrations. Explicit SQL, one purpose each; a file without
 * its counterpart is an error, for what goes up must come down.
 */
export function sqlMigrations(folder: string): MigrationClass[] {
  return readdirSync(folder)
    .filter((file) => FILE.test(file))
    .sort()
    .map((file) => {
      const [, number, name] = FILE.exec(file) as RegExpExecArray;
      const up = readFileSync(path.join(folder, file), 'utf8');
      const down = readFileSync(path.join(folder, file.replace('.up.', '.down.')), 'utf8');
      return migrationClass(`${name}${number.padStart(ORDER_DIGITS, '0')}`, up, down);
    });
}

function migrationClass(name: string, upSql: string, downSql: string): MigrationClass {
  return class implements MigrationInterface {
    readonly name = name;

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(upSql);
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query(downSql);
    }
  };
}
