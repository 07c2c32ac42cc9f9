import { REST } from './wildcards.js';

interface Node<T> {
  readonly children: Map<string, Node<T>>;
  readonly isRest: boolean;
  readonly values: T[];
  /** The step of a walk that has this node in hand, so that no step has it twice. */
  step: number;
}

/**
 * Patterns by their words; finds the values of all that match in one walk, whose cost is that of the patterns that
 * match so far, not of all. `#` may stand anywhere.
 */
export class PatternTrie<T> {
  private readonly root: Node<T> = newNode(false);
  private step = 0;
  private active: Node<T>[] = [];
  private next: Node<T>[] = [];

  constructor(
    private readonly single: string,
    /** First words that only their own name matches, no token. */
    private readonly isReserved: (firstWord: string) => boolean = () => false,
  ) {}

  add(words: readonly string[], value: T): void {
    let node = this.root;
    for (const word of words) {
      let child = node.children.get(word);
      if (child === undefined) {
        child = newNode(word === REST);
        node.children.set(word, child);
      }
      node = child;
    }
    node.values.push(value);
  }

  remove(words: readonly string[], value: T): void {
    const path = [this.root];
    for (const word of words) {
      const child = path[path.length - 1].children.get(word);
      if (child === undefined) return;
      path.push(child);
    }
    const { values } = path[path.length - 1];
    const at = values.indexOf(value);
    if (at < 0) return;
    values.splice(at, 1);
    for (let depth = words.length; depth > 0 && isEmpty(path[depth]); depth--) {
      path[depth - 1].children.delete(words[depth - 1]);
    }
  }

  /** A value comes once per pattern of its that matches. */
  collect(words: readonly string[], visit: (value: T) => void): void {
    this.active.length = 0;
    this.step++;
    let isFree = !this.isReserved(words[0]);
    if (isFree) this.enter(this.root, this.active);
    else this.active.push(this.root);
    for (const word of words) {
      if (this.active.length === 0) return;
      this.step++;
      this.next.length = 0;
      for (const node of this.active) {
        if (node.isRest) this.enter(node, this.next);
        const literal = node.children.get(word);
        // The tokens themselves may occur in what is matched, and match only as tokens.
        if (literal !== undefined && word !== this.single && word !== REST) this.enter(literal, this.next);
        const any = isFree ? node.children.get(this.single) : undefined;
        if (any !== undefined) this.enter(any, this.next);
      }
      isFree = true;
      [this.active, this.next] = [this.next, this.active];
    }
    for (const node of this.active) for (const value of node.values) visit(value);
  }

  /** `#` stands for no word, too: who enters a node stands before its `#` as well as behind it. */
  private enter(node: Node<T>, into: Node<T>[]): void {
    if (node.step === this.step) return;
    node.step = this.step;
    into.push(node);
    const rest = node.children.get(REST);
    if (rest !== undefined) this.enter(rest, into);
  }
}

function newNode<T>(isRest: boolean): Node<T> {
  return { children: new Map(), isRest, values: [], step: 0 };
}

const isEmpty = <T>(node: Node<T>): boolean => node.values.length === 0 && node.children.size === 0;
