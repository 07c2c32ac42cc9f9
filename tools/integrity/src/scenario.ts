import type { SeededRandom } from './seeded-random.js';
import type { BrokerKind } from './stage/broker.js';
import type { Verdict } from './verdict.js';

export interface ScenarioOptions {
  readonly random: SeededRandom;
  /** So short that it runs with the tests. */
  readonly small: boolean;
  readonly broker: BrokerKind;
  /** At least so many are published, where the scenario publishes until it has had enough. Absent: what it takes itself. */
  readonly events?: number;
  /** Events a second, in `stopped-reader`. Absent: what it takes itself. */
  readonly rate?: number;
  /** The commit of which `rolling-upgrade` takes the earlier version; absent: the last tag. */
  readonly from?: string;
  /** Tells a person how it is going. */
  readonly tell: (line: string) => void;
}

/** What a scenario found. */
export type Findings = Pick<Verdict, 'checks' | 'notes' | 'figures'>;

export interface Scenario {
  readonly name: string;
  readonly about: string;
  /** It can be played on. */
  readonly brokers: readonly BrokerKind[];
  /** One that `--rotate` may choose: it publishes until it has had as many events as it was asked for, and needs only what is here. */
  readonly isRotated: boolean;
  run(options: ScenarioOptions): Promise<Findings>;
}
