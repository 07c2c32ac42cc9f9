import { brokerLoss } from './broker-loss.js';
import { brokerRestart } from './broker-restart.js';
import { clockStep } from './clock-step.js';
import { duplicatePublish } from './duplicate-publish.js';
import { effects } from './effects.js';
import { fullDisk } from './full-disk.js';
import { handOver } from './hand-over.js';
import { killGateway } from './kill-gateway.js';
import { killRestart } from './kill-restart.js';
import { killRouter } from './kill-router.js';
import { offline } from './offline.js';
import { postgresLoss } from './postgres-loss.js';
import { redisLoss } from './redis-loss.js';
import { rollingRestart } from './rolling-restart.js';
import { rollingUpgrade } from './rolling-upgrade.js';
import type { Scenario } from './scenario.js';
import { slowReaders } from './slow-readers.js';
import { stampede } from './stampede.js';
import { stoppedReader } from './stopped-reader.js';
import { tcpCut } from './tcp-cut.js';

/** Each runs alone: `npm run integrity -- <name>`. */
export const SCENARIOS: readonly Scenario[] = [
  killRestart,
  handOver,
  effects,
  slowReaders,
  stoppedReader,
  stampede,
  tcpCut,
  offline,
  killGateway,
  rollingRestart,
  rollingUpgrade,
  duplicatePublish,
  killRouter,
  fullDisk,
  postgresLoss,
  redisLoss,
  clockStep,
  brokerRestart,
  brokerLoss,
];
