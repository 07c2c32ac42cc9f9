import { integerText, setting } from '@distributary/distribution-nest';
import { z } from 'zod';

export const demoConfig = z.object({
  DEMO_TICKS_PER_SECOND: setting(integerText(0, 1_000), {
    about: 'Synthetic quotes and trades to publish, and a replay of the S&P 500 since 2000 beside them; 0: nothing.',
    default: '0',
  }),
});
