import type { KafkaConfig } from '@distributary/broker-kafka/config';
import { z } from 'zod';

/** What the settings of Kafka must be together; looks at whatever of them is valid, so that all problems are told at once. */
export const kafkaRules = z.check<object>(({ value, issues }) => {
  for (const [name, message] of problemsOf(value)) issues.push({ code: 'custom', path: [name], message, input: value });
});
kafkaRules._zod.def.when = () => true;

function problemsOf(settings: Partial<KafkaConfig>): [name: keyof KafkaConfig, message: string][] {
  const problems: [keyof KafkaConfig, string][] = [];
  const hasLogin = settings.KAFKA_SASL_MECHANISM !== undefined;
  for (const name of ['KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'] as const) {
    const isGiven = settings[name] !== undefined;
    if (hasLogin && !isGiven) problems.push([name, 'is required with KAFKA_SASL_MECHANISM']);
    if (!hasLogin && isGiven) problems.push(['KAFKA_SASL_MECHANISM', `is required with ${name}`]);
  }
  for (const name of ['KAFKA_TLS_CA_FILE', 'KAFKA_TLS_CERT_FILE', 'KAFKA_TLS_KEY_FILE'] as const) {
    const isUnused = settings[name] !== undefined && settings.KAFKA_TLS === 'false';
    if (isUnused) problems.push([name, 'is read only with KAFKA_TLS=true']);
  }
  const [hasCertificate, hasKey] = [settings.KAFKA_TLS_CERT_FILE, settings.KAFKA_TLS_KEY_FILE].map(
    (file) => file !== undefined,
  );
  if (hasCertificate !== hasKey) {
    const missing = hasKey ? 'KAFKA_TLS_CERT_FILE' : 'KAFKA_TLS_KEY_FILE';
    problems.push([missing, 'a certificate and its key come together']);
  }
  return problems;
}
