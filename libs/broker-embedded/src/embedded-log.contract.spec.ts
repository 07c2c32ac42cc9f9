import { describeLogContract } from '@distributary/distribution-core/testing';
import { aLogHarness } from './testing/embedded-harness.js';

for (const sync of ['fsync', 'commit'] as const) {
  describeLogContract(`EmbeddedLog with sync ${sync}`, {
    retainsPromptly: true,
    hasLimits: true,
    open: (limits) => aLogHarness({ ...limits, sync }),
  });
}
