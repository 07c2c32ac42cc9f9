import { MONITORING_DATA_TYPES, type SelectionInput } from '@distributary/contracts';
import {
  type Filter,
  invalidRequest,
  keyPatternProblem,
  parseFilter,
  type Problem,
  type Selection,
  type SlowPolicy,
  topicPatternProblem,
} from '@distributary/distribution-core';
import type { StreamVocabulary } from '@distributary/distribution-nest';
import { defaultSlowPolicy } from '../events/default-topics.js';

const DATA_TYPES: readonly string[] = MONITORING_DATA_TYPES;

/** Without patterns: everything of this service that has a data type, so not the receipts of its own work. */
const EVERY_TOPIC = 'monitoring/#';

/** `data_types` and `services` as the service's stream endpoint has them, as patterns and a filter. */
export const monitoringVocabulary: StreamVocabulary = {
  selectionOf(input: SelectionInput): Selection {
    const problems: Problem[] = [];
    const note = (problem: Problem | undefined) => problem !== undefined && problems.push(problem);
    input.patterns?.forEach((pattern, index) => note(topicPatternProblem(pattern, `patterns[${index}]`)));
    input.keys?.forEach((pattern, index) => note(keyPatternProblem(pattern, `keys[${index}]`)));
    input.data_types?.forEach((type, index) => {
      if (!DATA_TYPES.includes(type))
        note({ path: `data_types[${index}]`, rule: `must be one of ${DATA_TYPES.join(', ')}` });
    });
    if (problems.length > 0) throw invalidRequest(problems);

    const clauses: Filter[] = [];
    const dataTypes = input.data_types ?? (input.patterns === undefined ? DATA_TYPES : undefined);
    if (dataTypes !== undefined) clauses.push({ op: 'in', attribute: 'data_type', values: sorted(dataTypes) });
    if (input.services !== undefined) clauses.push({ op: 'in', attribute: 'service', values: sorted(input.services) });
    if (input.filter !== undefined && input.filter !== null) clauses.push(parseFilter(input.filter, 'filter'));
    return {
      topicPatterns: input.patterns ?? [EVERY_TOPIC],
      keyPatterns: input.keys ?? [],
      filter: clauses.length < 2 ? clauses[0] : { op: 'and', filters: clauses },
    };
  },

  /** Conflation merges only topics that hold state, so it suits every selection that may reach one. */
  defaultSlowPolicy(input: SelectionInput): SlowPolicy {
    const types = input.data_types ?? DATA_TYPES;
    return types.some((type) => defaultSlowPolicy(type) === 'conflate') ? 'conflate' : 'block';
  },
};

/** Equal sets make equal selections, which share a feed. */
function sorted(values: readonly string[]): readonly string[] {
  return [...new Set(values)].sort();
}
