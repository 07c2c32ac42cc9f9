import { loadConfig } from '../config/load-config.js';
import { processRules, rolesConfig, rolesOf } from './roles.config.js';

const rolesFrom = (text: string | undefined) => [...rolesOf(loadConfig({ ROLES: text }, rolesConfig))];

describe('rolesConfig', () => {
  it('gives one process all roles, unless it is told otherwise', () => {
    expect(rolesFrom(undefined)).toEqual(['api', 'gateway', 'router', 'worker']);
    expect(loadConfig({}, rolesConfig).PROCESSES).toBe(1);
  });

  it('takes some of them, in any order, each once', () => {
    expect(rolesFrom(' worker, gateway,worker')).toEqual(['gateway', 'worker']);
  });

  it.each(['gatekeeper', 'api,gatekeeper', 'API', ','])('refuses ROLES=%s and lists what there is', (text) => {
    expect(() => rolesFrom(text)).toThrow('ROLES: must be some of api, gateway, router, worker');
  });

  it('lets only api and gateway share ports', () => {
    const ruled = rolesConfig.check(processRules);
    expect(() => loadConfig({ ROLES: 'router,worker', PROCESSES: '2' }, ruled)).toThrow('PROCESSES: must be 1 without');
    expect(loadConfig({ ROLES: 'gateway,worker', PROCESSES: '2' }, ruled).PROCESSES).toBe(2);
    expect(loadConfig({ ROLES: 'worker' }, ruled).PROCESSES).toBe(1);
  });

  it.each(['0', '257', 'two'])('refuses PROCESSES=%s', (text) => {
    expect(() => loadConfig({ PROCESSES: text }, rolesConfig)).toThrow('PROCESSES: must be a whole number');
  });
});
