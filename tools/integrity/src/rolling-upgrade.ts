import { playScript } from './play.js';
import type { Scenario } from './scenario.js';
import { buildEarlierVersion } from './stage/earlier-version.js';
import { endGently } from './stage/stage.js';
import { scriptOf } from './stage/tested-service.js';

/**
 * Gateways of an earlier version are replaced by this one, one after the other, while events flow; then this one by the
 * earlier one, as when a deployment is taken back; and so on. Meanwhile both versions have the same broker and database.
 */
export const rollingUpgrade: Scenario = {
  name: 'rolling-upgrade',
  about: 'all gateways of an earlier version replaced by this one under load, taken back, and replaced again',
  brokers: ['embedded', 'kafka'],
  isRotated: false,

  async run(options) {
    const earlier = buildEarlierVersion(options.from, options.tell);
    try {
      const findings = await playScript(
        {
          stage: { gateways: 2, script: earlier.script },
          letter: 'u',
          size: { full: { faults: 3 } },
          async fault({ stage }, number) {
            const isUpgrade = number % 2 === 0;
            options.tell(`round ${number + 1}: to ${isUpgrade ? 'this version' : earlier.commit}`);
            for (const gateway of stage.gateways) {
              await endGently(gateway);
              await gateway.begin(isUpgrade ? scriptOf(stage.service) : earlier.script);
            }
          },
        },
        options,
      );
      return { ...findings, notes: [...findings.notes, `the earlier version was that of ${earlier.commit}`] };
    } finally {
      earlier.remove();
    }
  },
};
