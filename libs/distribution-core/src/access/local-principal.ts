import { DEFAULT_TENANT } from '../routing/broker-name.js';
import { type Principal, VERBS } from './principal.js';

/** Whoever reaches a service that was started without authentication, which listens on this machine only. */
export const LOCAL_PRINCIPAL: Principal = {
  id: 'local',
  kind: 'local',
  tenant: DEFAULT_TENANT,
  permissions: [{ verbs: VERBS, topicPattern: '#', constraint: undefined }],
  expiresAtMicros: undefined,
};
