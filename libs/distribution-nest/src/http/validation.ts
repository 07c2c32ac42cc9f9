import { StandardSchemaValidationPipe } from '@nestjs/common';
import { invalidRequest } from '@distributary/distribution-core';

/** More problems than anybody reads, few enough for a reply. */
export const MAX_PROBLEMS = 100;

type PathPart = PropertyKey | { readonly key: PropertyKey };

/** For `@Body({ schema })`, `@Query({ schema })`: refuses with `request.invalid`, every problem with its path. */
export function validationPipe(): StandardSchemaValidationPipe {
  return new StandardSchemaValidationPipe({
    exceptionFactory: (issues) =>
      invalidRequest(
        issues.slice(0, MAX_PROBLEMS).map((issue) => ({ path: pathText(issue.path ?? []), rule: issue.message })),
      ),
  });
}

/** `['events', 3, 'topic']` → `events[3].topic`. */
export function pathText(path: readonly PathPart[]): string {
  return path
    .map((part) => (typeof part === 'object' ? part.key : part))
    .reduce<string>((text, key) => {
      if (typeof key === 'number') return `${text}[${key}]`;
      return text === '' ? String(key) : `${text}.${String(key)}`;
    }, '');
}
