import 'reflect-metadata';
import { LOCAL_PRINCIPAL, type Principal } from '@distributary/distribution-core';
import { Metadata } from '@grpc/grpc-js';
import type { ExecutionContext } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { CurrentPrincipal } from './current-principal.js';
import { principalOfCall, requiredPrincipal } from './grpc-authentication.js';

class Handler {
  call(@CurrentPrincipal() principal: Principal): Principal {
    return principal;
  }
}

const [{ factory }] = Object.values(
  Reflect.getMetadata(ROUTE_ARGS_METADATA, Handler, 'call') as Record<
    string,
    { factory: (data: unknown, context: ExecutionContext) => Principal }
  >,
);
const http = (request: object) =>
  ({ getType: () => 'http', switchToHttp: () => ({ getRequest: () => request }) }) as unknown as ExecutionContext;

describe('the current principal', () => {
  it('is the one that the door established', () => {
    expect(factory(undefined, http({ principal: LOCAL_PRINCIPAL }))).toBe(LOCAL_PRINCIPAL);
  });

  it('is never made up where no door established one', () => {
    const missing = expect.objectContaining({ code: 'auth.missing' }) as Error;
    const rpc = {
      getType: () => 'rpc',
      switchToRpc: () => ({ getContext: () => new Metadata() }),
    } as unknown as ExecutionContext;
    expect(() => factory(undefined, http({}))).toThrow(missing);
    expect(() => factory(undefined, rpc)).toThrow(missing);
    expect(() => requiredPrincipal(new Metadata())).toThrow(missing);
    expect(principalOfCall(new Metadata())).toBeUndefined();
  });
});
