import type { DataSource } from 'typeorm';
import { createDataSource, migrate } from '../data-source.js';
import { testDatabaseServers, type TestDatabaseServer } from './test-database.js';

/** Known while the tests run, not yet when they are described. */
export interface TestDatabase {
  /** Connected to a database of its own, with every migration of what the services share. */
  readonly dataSource: DataSource;
  readonly url: string;
}

/** Describes the tests for the embedded PostgreSQL, and for the one of `TEST_DATABASE_URL` too if there is one. */
export function describeOnDatabases(tests: (database: TestDatabase) => void): void {
  describe.each(testDatabaseServers(process.env.TEST_DATABASE_URL))('on $name', ({ open }) => {
    let server: TestDatabaseServer;
    let opened: TestDatabase;
    beforeAll(async () => {
      server = await open();
      const url = await server.create();
      const dataSource = createDataSource({ url, owner: 'distribution' });
      opened = { dataSource, url };
      await dataSource.initialize();
      await migrate(dataSource);
    }, 60_000);
    afterAll(async () => {
      await opened.dataSource.destroy();
      await server.stop();
    });

    tests({
      get dataSource() {
        return opened.dataSource;
      },
      get url() {
        return opened.url;
      },
    });
  });
}
