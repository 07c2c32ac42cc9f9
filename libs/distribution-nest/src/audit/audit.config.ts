import { z } from 'zod';
import { integerText, setting } from '../config/setting.js';

export const auditConfig = z.object({
  AUDIT_RETENTION_DAYS: setting(integerText(1, 36_500), {
    about: 'How long the audit log keeps what was done.',
    default: '365',
  }),
});
