import type { AttributeValue } from '../event.js';

/**
 * The filter language as data. `attribute` names an attribute of the event; `routing_key`, `topic` and `event_id` name
 * those of the envelope; a name that starts with `data.` or `metadata.` is a path into the payload, which is then
 * parsed at most once per event. A clause over an attribute that the event lacks is false.
 */
export type Filter =
  | { readonly op: 'eq'; readonly attribute: string; readonly value: AttributeValue }
  | { readonly op: 'in'; readonly attribute: string; readonly values: readonly AttributeValue[] }
  | {
      readonly op: 'range';
      readonly attribute: string;
      readonly gt?: number;
      readonly gte?: number;
      readonly lt?: number;
      readonly lte?: number;
    }
  | { readonly op: 'prefix'; readonly attribute: string; readonly value: string }
  | { readonly op: 'exists'; readonly attribute: string }
  /** The event's topic, by the catalog's name, matches one of the patterns. Made by permissions, not by users. */
  | { readonly op: 'topic'; readonly patterns: readonly string[] }
  | { readonly op: 'and'; readonly filters: readonly Filter[] }
  | { readonly op: 'or'; readonly filters: readonly Filter[] }
  | { readonly op: 'not'; readonly filter: Filter };
