import { LOCAL_PRINCIPAL, type Principal } from '@distributary/distribution-core';
import type { ExecutionContext } from '@nestjs/common';
import { OperatorGuard, OperatorOnly } from './operator.guard.js';

@OperatorOnly('read')
class Figures {
  read(): void {
    // Only looked at.
  }

  @OperatorOnly('manage')
  change(): void {
    // Only looked at.
  }
}

class Others {
  read(): void {
    // Only looked at.
  }
}

const asked = (
  owner: typeof Figures | typeof Others,
  method: 'read' | 'change',
  principal?: Principal,
  type = 'http',
) =>
  ({
    getType: () => type,
    getHandler: () => (owner.prototype as Figures)[method],
    getClass: () => owner,
    switchToHttp: () => ({ getRequest: () => ({ principal }) }),
  }) as unknown as ExecutionContext;

describe('what is the operator’s', () => {
  const guard = new OperatorGuard();
  const reader: Principal = {
    ...LOCAL_PRINCIPAL,
    permissions: [{ verbs: ['read'], topicPattern: 'a', constraint: undefined }],
  };

  it('needs the verb, in the default tenant', () => {
    expect(guard.canActivate(asked(Figures, 'read', reader))).toBe(true);
    expect(guard.canActivate(asked(Figures, 'change', LOCAL_PRINCIPAL))).toBe(true);
    const refused = (context: ExecutionContext, code: string) =>
      expect(() => guard.canActivate(context)).toThrow(expect.objectContaining({ code }));
    refused(asked(Figures, 'change', reader), 'auth.forbidden');
    refused(asked(Figures, 'read', { ...reader, tenant: 'acme' }), 'auth.forbidden');
    refused(asked(Figures, 'read'), 'auth.missing');
  });

  it('is only what says so', () => {
    expect(guard.canActivate(asked(Others, 'read'))).toBe(true);
    expect(guard.canActivate(asked(Figures, 'read', undefined, 'rpc'))).toBe(true);
  });
});
