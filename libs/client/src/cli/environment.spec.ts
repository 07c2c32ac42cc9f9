import { fromEnvironment } from './environment.js';

describe('the environment of the command line', () => {
  it('says where the service is, which one it is, and who calls', () => {
    const env = { DISTRIBUTARY_URL: 'http://a', DISTRIBUTARY_API: 'market-data', DISTRIBUTARY_TOKEN: 't' };
    expect(fromEnvironment(env)).toEqual({ defaultUrl: 'http://a', defaultApi: 'market-data', token: 't' });
  });

  it.each([{}, { DISTRIBUTARY_URL: '', DISTRIBUTARY_API: '', DISTRIBUTARY_TOKEN: '' }])('says nothing as %j', (env) => {
    expect(fromEnvironment(env)).toEqual({ defaultUrl: undefined, defaultApi: 'monitoring', token: undefined });
  });
});
