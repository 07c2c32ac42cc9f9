import { integerText, setting } from '@distributary/distribution-nest';
import { z } from 'zod';

export const hostProbeConfig = z.object({
  PROBE_INTERVAL_MS: setting(integerText(100, 3_600_000), {
    about: 'How often this machine and this process are measured, in milliseconds.',
    default: '1000',
  }),
});
