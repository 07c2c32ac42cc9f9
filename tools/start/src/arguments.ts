import { parseArgs } from 'node:util';

const USAGE = 'usage: npm start [-- --gateways <number>]';

/** What the command line asks for, as settings of the service; what is wrong with it; or how it is used. */
export function argumentsOf(
  args: readonly string[],
): { readonly env: Readonly<Record<string, string>> } | { readonly problem: string } | { readonly help: string } {
  if (args.includes('--help')) return { help: USAGE };
  try {
    const { values } = parseArgs({ args: [...args], options: { gateways: { type: 'string' } } });
    if (values.gateways === undefined) return { env: {} };
    if (!/^[1-9]\d{0,2}$/.test(values.gateways)) {
      return { problem: `--gateways must be a number from 1 on (given: ${values.gateways})\n${USAGE}` };
    }
    return { env: { PROCESSES: values.gateways } };
  } catch (error) {
    return { problem: `${(error as Error).message}\n${USAGE}` };
  }
}
