import { z } from 'zod';
import { integerText, listText, optionalSetting, setting } from '../config/setting.js';

/**
 * What a process does: `api` takes events and answers REST and administration, `gateway` serves the live streams, `router`
 * routes topics that others write, `worker` does what nobody waits for.
 */
export const ROLES = ['api', 'gateway', 'router', 'worker'] as const;
export type Role = (typeof ROLES)[number];
export type Roles = ReadonlySet<Role>;

const isRole = (text: string): text is Role => (ROLES as readonly string[]).includes(text);

/** How the work of a service is divided among its processes. */
export const rolesConfig = z.object({
  ROLES: setting(
    listText()
      .refine((roles) => roles.length > 0 && roles.every(isRole), `must be some of ${ROLES.join(', ')}`)
      .transform((roles): readonly Role[] => ROLES.filter((role) => roles.includes(role))),
    {
      about: 'What this process does: some of api, gateway, router, worker, separated by commas.',
      default: ROLES.join(','),
    },
  ),
  PROCESSES: setting(integerText(1, 256), {
    about:
      'Processes that share the ports for api and gateway. From 2 on, one more does router and worker, and the first only watches over them.',
    default: '1',
  }),
  PROCESS_NAME: optionalSetting(z.string().regex(/^[A-Za-z0-9_-]{1,40}$/, 'must be at most 40 of A-Z a-z 0-9 _ -'), {
    about:
      'Names this process among those of its machine in what it publishes of itself. Set for each one by PROCESSES.',
  }),
});

export type RolesConfig = Readonly<z.output<typeof rolesConfig>>;

export const rolesOf = ({ ROLES: roles }: Pick<RolesConfig, 'ROLES'>): Roles => new Set(roles);

/** Several settings together, whatever else is wrong: what shares the ports must be there. */
export const processRules = z.check<object>(({ value, issues }) => {
  const { ROLES: roles = [], PROCESSES: processes = 1 } = value as Partial<RolesConfig>;
  if (processes < 2 || roles.length === 0 || roles.includes('api') || roles.includes('gateway')) return;
  issues.push({
    code: 'custom',
    path: ['PROCESSES'],
    input: value,
    message: 'must be 1 without the role api or gateway: the other roles share no port',
  });
});
processRules._zod.def.when = () => true;
