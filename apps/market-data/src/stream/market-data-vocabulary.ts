import {
  ASSET_CLASS_RULE,
  COIN,
  COIN_RULE,
  type Decimal,
  compareDecimals,
  decimalRule,
  EXCHANGE,
  EXCHANGE_RULE,
  isAssetClass,
  isMarketDataType,
  MARKET_DATA_TYPES,
  marketSelectionFields,
  type MarketSelectionInput,
  nearestNumber,
  SYMBOL,
  SYMBOL_RULE,
} from '@distributary/contracts';
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
import { defaultSlowPolicy } from '../events/default-topics.js';

const DATA_TYPES: readonly string[] = MARKET_DATA_TYPES;
const DATA_TYPE_RULE = `must be one of ${DATA_TYPES.join(', ')}`;
const VOLUME_RULE = 'must be a whole number from 0 to 9007199254740991';

/** Without patterns: everything of this service that has a data type, so not the receipts of its own work. */
const EVERY_TOPIC = 'market-data/#';

interface WordList {
  readonly field: 'symbols' | 'data_types' | 'exchanges' | 'currencies' | 'asset_classes';
  readonly attribute: string;
  readonly normal: (word: string) => string;
  readonly isOne: (word: string) => boolean;
  readonly rule: string;
}

const asWritten = (word: string): string => word;
const upperCase = (word: string): string => word.toUpperCase();

/** The symbol first: nothing else tells so many events apart, and an index takes equality before all else. */
const WORD_LISTS: readonly WordList[] = [
  { field: 'symbols', attribute: 'symbol', normal: asWritten, isOne: (word) => SYMBOL.test(word), rule: SYMBOL_RULE },
  { field: 'data_types', attribute: 'data_type', normal: upperCase, isOne: isMarketDataType, rule: DATA_TYPE_RULE },
  {
    field: 'exchanges',
    attribute: 'exchange',
    normal: upperCase,
    isOne: (word) => EXCHANGE.test(word),
    rule: EXCHANGE_RULE,
  },
  { field: 'currencies', attribute: 'currency', normal: upperCase, isOne: (word) => COIN.test(word), rule: COIN_RULE },
  {
    field: 'asset_classes',
    attribute: 'asset_class',
    normal: (word) => word.toLowerCase(),
    isOne: isAssetClass,
    rule: ASSET_CLASS_RULE,
  },
];

/**
 * `symbols`, `data_types`, `exchanges`, `currencies`, `asset_classes`, bounds of price and volume, patterns, keys and a filter,
 * as patterns and one filter: an event must match one of each list that is given, and everything else. Structurally the
 * `StreamVocabulary` of the doors.
 */
export const marketDataVocabulary = {
  fields: marketSelectionFields,

  selectionOf(input: MarketSelectionInput): Selection {
    refuseIfWrong(input);
    const wanted = {
      ...input,
      data_types: input.data_types ?? (input.patterns === undefined ? DATA_TYPES : undefined),
    };
    const clauses: Filter[] = WORD_LISTS.flatMap(({ field, attribute, normal }) => {
      const words = wanted[field];
      return words === undefined ? [] : [oneOf(attribute, words.map(normal))];
    });
    clauses.push(...within('price', numberOf(input.min_price), numberOf(input.max_price)));
    clauses.push(...within('volume', input.min_volume, input.max_volume));
    if (input.filter !== undefined && input.filter !== null) clauses.push(parseFilter(input.filter, 'filter'));
    return {
      topicPatterns: input.patterns ?? [EVERY_TOPIC],
      keyPatterns: input.keys ?? [],
      filter: clauses.length < 2 ? clauses[0] : { op: 'and', filters: clauses },
    };
  },

  /** Conflation merges only topics that hold state, so it suits every selection that may reach one. */
  defaultSlowPolicy(input: MarketSelectionInput): SlowPolicy {
    const types = input.data_types?.map(upperCase) ?? DATA_TYPES;
    return types.some((type) => defaultSlowPolicy(type) === 'conflate') ? 'conflate' : 'block';
  },
};

/** `request.invalid` with every problem; those of the filter, once the rest is right. */
function refuseIfWrong(input: MarketSelectionInput): void {
  const problems: Problem[] = [];
  const note = (problem: Problem | undefined) => problem !== undefined && problems.push(problem);
  input.patterns?.forEach((pattern, index) => note(topicPatternProblem(pattern, `patterns[${index}]`)));
  input.keys?.forEach((pattern, index) => note(keyPatternProblem(pattern, `keys[${index}]`)));
  for (const { field, normal, isOne, rule } of WORD_LISTS) {
    input[field]?.forEach((word, index) => {
      if (!isOne(normal(word))) problems.push({ path: `${field}[${index}]`, rule });
    });
  }
  problems.push(...boundProblems(input));
  if (problems.length > 0) throw invalidRequest(problems);
}

function boundProblems(input: MarketSelectionInput): Problem[] {
  const problems: Problem[] = [];
  for (const name of ['min_price', 'max_price'] as const) {
    const rule = input[name] === undefined ? undefined : decimalRule(input[name]);
    if (rule !== undefined) problems.push({ path: name, rule });
  }
  for (const name of ['min_volume', 'max_volume'] as const) {
    const volume = input[name];
    if (volume !== undefined && (!Number.isSafeInteger(volume) || volume < 0)) {
      problems.push({ path: name, rule: VOLUME_RULE });
    }
  }
  if (problems.length > 0) return problems;
  for (const what of ['price', 'volume'] as const) {
    const [least, most] = [input[`min_${what}`], input[`max_${what}`]];
    if (least !== undefined && most !== undefined && compareDecimals(least, most) > 0) {
      problems.push({ path: `max_${what}`, rule: `must not be less than min_${what}` });
    }
  }
  return problems;
}

const numberOf = (value: Decimal | undefined): number | undefined =>
  value === undefined ? undefined : nearestNumber(value);

/** Equal sets make equal selections, which share a feed. */
function oneOf(attribute: string, words: readonly string[]): Filter {
  const values = [...new Set(words)].sort();
  return values.length === 1 ? { op: 'eq', attribute, value: values[0] } : { op: 'in', attribute, values };
}

function within(attribute: string, gte: number | undefined, lte: number | undefined): Filter[] {
  if (gte === undefined && lte === undefined) return [];
  return [{ op: 'range', attribute, ...(gte === undefined ? {} : { gte }), ...(lte === undefined ? {} : { lte }) }];
}
