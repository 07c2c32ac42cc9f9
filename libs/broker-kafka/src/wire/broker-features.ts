import { KAFKA, kafkaError, unavailable } from '../kafka.errors.js';
import type { RawRequest } from './broker-connection.js';
import type { ByteReader } from './byte-reader.js';

export interface BrokerFeatures {
  /** The newest version of each request that the broker takes, by its key. */
  readonly requests: ReadonlyMap<number, number>;
  /** What the whole cluster has switched on. */
  readonly features: ReadonlyMap<string, number>;
}

/** By key: the version in which we ask. */
const NEEDED: readonly (readonly [name: string, key: number, version: number])[] = [
  ['Produce', 0, 13],
  ['Fetch', 1, 17],
  ['EndTxn', 26, 5],
  ['TxnOffsetCommit', 28, 5],
];
const TRANSACTION_FEATURE = 'transaction.version';
const TRANSACTION_VERSION = 2;
const FINALIZED_FEATURES_TAG = 2;

/** ApiVersions 4; the library leaves out the features. */
export const featuresRequest: RawRequest<BrokerFeatures> = {
  name: 'ask for features',
  key: 18,
  version: 4,
  // So that a client which knows less can read it, too.
  hasPlainHeader: true,
  write: (writer) => writer.appendString('distributary').appendString('0').appendTaggedFields(),
  read: (reader) => {
    const errorCode = reader.int16();
    if (errorCode !== KAFKA.none) throw kafkaError(errorCode, 'ask for features');
    const requests = new Map<number, number>();
    reader.list(() => {
      const key = reader.int16();
      reader.int16();
      requests.set(key, reader.int16());
      reader.tags();
    });
    reader.int32();
    return { requests, features: finalizedFeatures(reader) };
  },
};

/** `broker.unavailable` with all that is missing: a cluster as Kafka 4.1 makes it has everything. */
export function checkFeatures({ requests, features }: BrokerFeatures): void {
  const missing = NEEDED.filter(([, key, version]) => (requests.get(key) ?? -1) < version).map(
    ([name, , version]) => `${name} ${version}`,
  );
  if ((features.get(TRANSACTION_FEATURE) ?? 0) < TRANSACTION_VERSION) {
    missing.push(`${TRANSACTION_FEATURE} ${TRANSACTION_VERSION}`);
  }
  if (missing.length > 0) throw unavailable(`Kafka 4.1 or later is needed; this one lacks ${missing.join(', ')}`);
}

function finalizedFeatures(reader: ByteReader): Map<string, number> {
  const features = new Map<string, number>();
  for (let left = reader.unsignedVarint(); left > 0; left--) {
    const tag = reader.unsignedVarint();
    const length = reader.unsignedVarint();
    const end = reader.at + length;
    if (tag === FINALIZED_FEATURES_TAG) {
      reader.list(() => {
        const name = reader.compactString() ?? '';
        features.set(name, reader.int16());
        reader.int16();
        reader.tags();
      });
    }
    reader.at = end;
  }
  return features;
}
