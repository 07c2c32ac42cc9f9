import { parseArgs, type ParseArgsConfig } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;
type Parsed<O extends Options> = ReturnType<
  typeof parseArgs<{ readonly args: string[]; readonly allowPositionals: true; readonly options: O }>
>;

/** What is asked for on the command line is not there, or not possible: told in a line, with the usage behind it. */
export class UsageError extends Error {}

/** The exit code of `run`; 0 with the usage if that is asked for; 2 if the command line is not understood, with what is wrong. */
export async function answered(
  usage: string,
  args: readonly string[],
  run: (args: readonly string[]) => number | Promise<number>,
): Promise<number> {
  if (args.includes('--help')) {
    console.log(usage);
    return 0;
  }
  try {
    return await run(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${usage}`);
    return 2;
  }
}

/** The values of these options; nothing else may be there. */
export function optionsOf<const O extends Options>(args: readonly string[], options: O): Parsed<O>['values'] {
  const { values, positionals } = optionsAndNamesOf(args, options);
  if (positionals.length > 0) throw new UsageError(`not an option: ${positionals[0]}`);
  return values;
}

/** The values of these options, and the words between them. */
export function optionsAndNamesOf<const O extends Options>(args: readonly string[], options: O): Parsed<O> {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

/** A number above 0; or from `atLeast` on. */
export function numberOf(option: string, text: string, { atLeast }: { readonly atLeast?: number } = {}): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  const isRight = Number.isFinite(value) && (atLeast === undefined ? value > 0 : value >= atLeast);
  if (!isRight) {
    throw new UsageError(
      `--${option} must be a number ${atLeast === undefined ? 'above 0' : `from ${atLeast} on`} (given: ${text})`,
    );
  }
  return value;
}

/** One or more, with commas between, each above 0; or from `atLeast` on. */
export const numbersOf = (option: string, text: string, least: { readonly atLeast?: number } = {}): number[] =>
  text.split(',').map((each) => numberOf(option, each, least));

/** Words of a list, with commas between. */
export function wordsOf<Word extends string>(option: string, text: string, known: readonly Word[]): Word[] {
  return text.split(',').map((given) => {
    const word = known.find((each) => each === given);
    if (word === undefined) throw new UsageError(`--${option} must be of ${known.join(', ')} (given: ${given})`);
    return word;
  });
}
