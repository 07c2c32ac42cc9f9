export { SCENARIOS } from './scenarios.js';
export type { Scenario, ScenarioOptions } from './scenario.js';
export type { Verdict } from './verdict.js';
