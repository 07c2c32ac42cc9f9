import { effects } from './effects.js';
import { handOver } from './hand-over.js';
import { killRestart } from './kill-restart.js';
import type { Scenario } from './scenario.js';
import { slowReaders } from './slow-readers.js';
import { stampede } from './stampede.js';

/** Each runs alone: `npm run integrity -- <name>`. */
export const SCENARIOS: readonly Scenario[] = [killRestart, handOver, effects, slowReaders, stampede];
