import { type EventRecord, invalidRequest, type Problem } from '@distributary/distribution-core';
import { pathText } from '@distributary/distribution-nest';

/** An event on its way into the log. */
export interface PublishedEvent {
  /** The catalog's name of where it goes. */
  readonly topic: string;
  readonly record: EventRecord;
}

/** What a service takes from producers: one event of its domain, checked and completed. */
export interface EventReader {
  /** Numbers with more digits than a binary number holds are refused, where they come as text; else they are rounded. */
  readonly keepsDigits?: boolean;
  /**
   * Undefined, and its problems as `events[index].…`, if it is none of this service. `payload.too_large` if it is larger than
   * the service takes.
   */
  read(input: unknown, index: number, problems: Problem[]): PublishedEvent | undefined;
  /**
   * Looks at all events of a call that is permitted, in their order and by the catalog's names of their topics, before they
   * are appended. Absent: there is nothing to be seen in it.
   */
  admit?(events: readonly PublishedEvent[]): readonly PublishedEvent[];
  /** Of a body, in UTF-8, whose events need not be parsed. Absent: there is no such way. */
  open?(body: Buffer): PlainEvents;
}

/** The events of one body that are read without being parsed, from where one is said to begin. */
export interface PlainEvents {
  /** Where the last event that was read ends. */
  readonly end: number;
  /** Undefined if what begins there is not written in the plain way, or the schema refuses it. */
  read(start: number): PublishedEvent | undefined;
}

/** More problems than anybody reads, few enough for a reply. */
const MAX_PROBLEMS = 100;

/** Adds what a schema found wrong with the event at `index`, as `events[index].…`. */
export function noteIssues(
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
  index: number,
  problems: Problem[],
): void {
  for (const issue of issues) {
    if (problems.length === MAX_PROBLEMS) break;
    problems.push({ path: pathText(['events', index, ...issue.path]), rule: issue.message });
  }
}

export function refuseIfAny(problems: readonly Problem[]): void {
  if (problems.length > 0) throw invalidRequest(problems);
}
