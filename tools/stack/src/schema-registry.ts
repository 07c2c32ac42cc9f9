import path from 'node:path';
import { findJava, ownTemporaryFolder } from './java-runtime.js';
import { mavenArchive } from './maven-jars.js';
import type { StackServer } from './stack-server.js';

/** Apicurio: Apache-licensed, and it speaks the API of Confluent's registry. What it is told is gone when it stops. */
const APICURIO = {
  group: 'io.apicurio',
  name: 'apicurio-registry-app',
  version: '3.3.3',
  type: 'tar.gz',
  classifier: 'all',
  sha256: '8bc6751c76d963734224b01d5e7f84ccb3cb61c87d3bd77c36c35f10a5cbed63',
} as const;
const ITS_JAVA = 21;
const API = '/apis/ccompat/v7';

export const schemaRegistry: StackServer = {
  kind: 'schema-registry',
  port: 18_081,
  healthyWithinMs: 60_000,
  program: () => findJava(ITS_JAVA),
  arguments: async ({ folder, port }) => [
    ...['-Xmx384m', '-XX:+UseSerialGC', ownTemporaryFolder(folder)],
    '-Dquarkus.http.host=127.0.0.1',
    `-Dquarkus.http.port=${port}`,
    ...['-jar', path.join(await mavenArchive(APICURIO), 'quarkus-run.jar')],
  ],
  isHealthy: async (port) =>
    (await fetch(`http://127.0.0.1:${port}${API}/subjects`, { signal: AbortSignal.timeout(5_000) })).ok,
  url: (port) => `http://127.0.0.1:${port}${API}`,
  variables: (port) => ({ SCHEMA_REGISTRY_URL: `http://127.0.0.1:${port}${API}` }),
};
