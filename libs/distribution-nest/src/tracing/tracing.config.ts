import { Secret } from '@distributary/distribution-core';
import { z } from 'zod';
import { integerText, optionalSetting, setting } from '../config/setting.js';

export const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

const endpoint = () => z.url({ protocol: /^https?$/, error: 'must be a URL such as http://collector:4318' });

/** `a=1,b=2` as the OpenTelemetry specification has it; values are percent-encoded. */
const pairs = () =>
  z
    .string()
    .regex(/^([^=,]+=[^,]*)?(,[^=,]+=[^,]*)*$/, 'must be pairs such as key=value,key=value')
    .transform((text) =>
      Object.fromEntries(
        text
          .split(',')
          .filter((pair) => pair !== '')
          .map((pair) => {
            const at = pair.indexOf('=');
            return [pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())];
          }),
      ),
    );

/** The standard variables of OpenTelemetry, as far as traces need them. */
export const tracingConfig = z.object({
  OTEL_EXPORTER_OTLP_ENDPOINT: optionalSetting(endpoint(), {
    about: 'Collector for traces, over OTLP/HTTP, to which /v1/traces is added. Not set: nothing is traced.',
  }),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: optionalSetting(endpoint(), {
    about: 'The same, taken as it stands; it comes before OTEL_EXPORTER_OTLP_ENDPOINT.',
  }),
  OTEL_EXPORTER_OTLP_HEADERS: optionalSetting(
    pairs().transform((headers) => new Secret(JSON.stringify(headers))),
    { about: 'Headers for the collector: key=value,key=value.', isSecret: true },
  ),
  OTEL_EXPORTER_OTLP_TIMEOUT: setting(integerText(1, 600_000), {
    about: 'How long one export may take, in milliseconds.',
    default: '10000',
  }),
  OTEL_SERVICE_NAME: optionalSetting(z.string().min(1).max(200), { about: 'Name of this service in traces.' }),
  OTEL_RESOURCE_ATTRIBUTES: setting(pairs(), {
    about: 'More about this service in traces: key=value,key=value.',
    default: '',
  }),
  OTEL_TRACES_SAMPLER: setting(z.enum(SAMPLERS), {
    about: `Which traces are kept: one of ${SAMPLERS.join(', ')}.`,
    default: 'parentbased_always_on',
  }),
  OTEL_TRACES_SAMPLER_ARG: setting(
    z
      .string()
      .transform(Number)
      .refine((share) => share >= 0 && share <= 1, 'must be a number from 0 to 1'),
    { about: 'Share of the traces that the ratio samplers keep.', default: '1' },
  ),
  OTEL_BSP_MAX_QUEUE_SIZE: setting(integerText(1, 1_000_000), {
    about: 'Spans that may wait to be exported; beyond it they are dropped.',
    default: '2048',
  }),
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: setting(integerText(1, 100_000), {
    about: 'Spans of one export.',
    default: '512',
  }),
  OTEL_BSP_SCHEDULE_DELAY: setting(integerText(1, 600_000), {
    about: 'How long spans wait for others, in milliseconds.',
    default: '5000',
  }),
  OTEL_SDK_DISABLED: setting(
    z.enum(['true', 'false']).transform((text) => text === 'true'),
    { about: 'true: nothing is traced, whatever else is set.', default: 'false' },
  ),
});

export type TracingConfig = Readonly<z.output<typeof tracingConfig>>;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
