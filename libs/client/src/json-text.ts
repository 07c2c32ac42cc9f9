import { DistributaryError } from './errors.js';

/** Throws `request.invalid` for what JSON has no form for: a BigInt, or an object that holds itself. */
export function jsonText(value: unknown, what: string): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DistributaryError('request.invalid', `${what}: no JSON: ${why}`, { cause });
  }
}
