import type { Permission, Principal } from './principal.js';
import { isPermitted, requirePermission } from './authorize.js';
import { LOCAL_PRINCIPAL } from './local-principal.js';

const may = (...permissions: Permission[]): Principal => ({ ...LOCAL_PRINCIPAL, permissions });

describe('a permission', () => {
  const reader = may({ verbs: ['read', 'subscribe'], topicPattern: 'monitoring/alerts/#', constraint: undefined });

  it('covers its verbs on its topics', () => {
    expect(isPermitted(reader, 'read')).toBe(true);
    expect(isPermitted(reader, 'read', 'monitoring/alerts/critical')).toBe(true);
    expect(isPermitted(reader, 'read', 'monitoring/metrics')).toBe(false);
    expect(isPermitted(reader, 'publish', 'monitoring/alerts/critical')).toBe(false);
  });

  it('is one of any number', () => {
    const both = may(...reader.permissions, { verbs: ['publish'], topicPattern: '#', constraint: undefined });
    expect(isPermitted(both, 'publish', 'monitoring/metrics')).toBe(true);
    expect(isPermitted(may(), 'read')).toBe(false);
  });

  it('never covers what belongs to another tenant', () => {
    expect(isPermitted(LOCAL_PRINCIPAL, 'read', '@acme/monitoring/metrics')).toBe(false);
  });

  it('is asked for with auth.forbidden, which names the verb', () => {
    expect(() => requirePermission(reader, 'read', 'monitoring/alerts')).not.toThrow();
    expect(() => requirePermission(reader, 'manage')).toThrow('this needs the permission to manage');
    expect(() => requirePermission(reader, 'publish', 'a/b')).toThrow(
      expect.objectContaining({ code: 'auth.forbidden', message: 'this needs the permission to publish a/b' }),
    );
  });
});
