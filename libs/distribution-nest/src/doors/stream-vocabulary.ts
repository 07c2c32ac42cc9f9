import type { SelectionInput } from '@distributary/contracts';
import type { Selection, SlowPolicy } from '@distributary/distribution-core';
import type { SelectionFields } from './selection-fields.js';

/** How one domain says what a subscription selects: its data types, services, symbols, and what they mean in topics. */
export interface StreamVocabulary {
  /** What a selection may say besides patterns, keys, data types, services and a filter. */
  readonly fields?: SelectionFields;
  /** `request.invalid` with every problem. */
  selectionOf(input: SelectionInput): Selection;
  /** If the client does not choose one. */
  defaultSlowPolicy(input: SelectionInput): SlowPolicy;
}
