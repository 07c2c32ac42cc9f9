import type { SeededRandom } from './seeded-random.js';
import type { Verdict } from './verdict.js';

export interface ScenarioOptions {
  readonly random: SeededRandom;
  /** So short that it runs with the tests. */
  readonly small: boolean;
  /** Tells a person how it is going. */
  readonly tell: (line: string) => void;
}

export interface Scenario {
  readonly name: string;
  readonly about: string;
  run(options: ScenarioOptions): Promise<Pick<Verdict, 'checks' | 'notes'>>;
}
