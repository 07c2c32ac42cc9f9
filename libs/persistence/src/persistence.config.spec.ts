import { inspect } from 'node:util';
import { persistenceConfig } from './persistence.config.js';

describe('the configuration of the database', () => {
  it('needs nothing: then the database is one of our own', () => {
    expect(persistenceConfig.parse({})).toEqual({ DATA_DIR: '.data', DATABASE_TIMEOUT_MS: 15_000 });
  });

  it('hands the URL over on demand, and shows it to nobody', () => {
    const config = persistenceConfig.parse({ DATABASE_URL: 'postgresql://me:hush@127.0.0.1:5432/events' });
    expect(config.DATABASE_URL?.reveal()).toBe('postgresql://me:hush@127.0.0.1:5432/events');
    expect(`${inspect(config)}${JSON.stringify(config)}${config.DATABASE_URL}`).not.toContain('hush');
  });

  it.each(['0', '99', '1e4', '1000000', 'soon'])('refuses %s ms for an answer', (text) => {
    const { error } = persistenceConfig.safeParse({ DATABASE_TIMEOUT_MS: text });
    expect(error?.issues.map((issue) => issue.path.join('.'))).toEqual(['DATABASE_TIMEOUT_MS']);
  });

  it('refuses what is no URL of PostgreSQL, without repeating it', () => {
    const { error } = persistenceConfig.safeParse({ DATABASE_URL: 'mysql://me:hush@127.0.0.1/events', DATA_DIR: '' });
    expect(error?.issues.map((issue) => issue.path.join('.'))).toEqual(['DATABASE_URL', 'DATA_DIR']);
    expect(error?.message).not.toContain('hush');
  });
});
