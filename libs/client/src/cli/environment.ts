import type { Terminal } from './terminal.js';

/** What the environment says of the service; a variable that is set to nothing is as good as none. */
export function fromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Pick<Terminal, 'defaultUrl' | 'defaultApi' | 'token'> {
  const valueOf = (name: string) => (env[name] === '' ? undefined : env[name]);
  return {
    defaultUrl: valueOf('DISTRIBUTARY_URL'),
    defaultApi: valueOf('DISTRIBUTARY_API') ?? 'monitoring',
    token: valueOf('DISTRIBUTARY_TOKEN'),
  };
}
