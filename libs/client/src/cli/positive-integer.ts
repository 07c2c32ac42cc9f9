import { InvalidArgumentError } from 'commander';

/** For an option's value. */
export function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('a number of at least 1 expected.');
  return Number(text);
}
