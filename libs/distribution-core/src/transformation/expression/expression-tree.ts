import type { Json } from '../json-value.js';

export const MACROS = ['all', 'exists', 'exists_one', 'filter', 'map'] as const;
export type Macro = (typeof MACROS)[number];

export type BinarySign = '||' | '&&' | '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | '+' | '-' | '*' | '/' | '%';

/** `at` is the character of the text, for messages. */
export type Tree =
  | { readonly kind: 'literal'; readonly value: Json }
  | { readonly kind: 'name'; readonly name: string; readonly at: number }
  | { readonly kind: 'field'; readonly of: Tree; readonly name: string; readonly at: number }
  | { readonly kind: 'has'; readonly of: Tree; readonly name: string; readonly at: number }
  | { readonly kind: 'index'; readonly of: Tree; readonly index: Tree; readonly at: number }
  | { readonly kind: 'list'; readonly items: readonly Tree[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [key: Tree, value: Tree])[]; readonly at: number }
  | { readonly kind: 'not' | 'negative'; readonly of: Tree; readonly at: number }
  | {
      readonly kind: 'binary';
      readonly sign: BinarySign;
      readonly left: Tree;
      readonly right: Tree;
      readonly at: number;
    }
  | {
      readonly kind: 'conditional';
      readonly test: Tree;
      readonly then: Tree;
      readonly otherwise: Tree;
      readonly at: number;
    }
  | {
      readonly kind: 'call';
      readonly name: string;
      /** What stands before the dot comes first. */
      readonly args: readonly Tree[];
      readonly isMethod: boolean;
      readonly at: number;
    }
  | {
      readonly kind: 'macro';
      readonly macro: Macro;
      readonly of: Tree;
      readonly variable: string;
      /** One; of `map` it may be two, and the first one filters. */
      readonly bodies: readonly Tree[];
      readonly at: number;
    };
