import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from './command.js';
import { findJava, ownTemporaryFolder } from './java-runtime.js';
import { mavenJars } from './maven-jars.js';
import { pulsarPorts, pulsarProperties } from './pulsar-properties.js';
import type { StackServer } from './stack-server.js';

/** Later ones are not served in whole, or do not start. */
const ARTIFACTS = [{ group: 'org.apache.pulsar', name: 'pulsar-broker', version: '4.0.7' }];
const ITS_JAVA = 17;
/** What Pulsar reaches into; Java keeps it shut by itself. */
const OPENED = [
  ...['jdk.internal.loader', 'java.lang', 'java.io', 'java.util.zip', 'java.nio', 'jdk.internal.misc', 'sun.net'].map(
    (name) => `java.base/${name}`,
  ),
  'java.base/jdk.internal.platform',
  'java.management/sun.management',
  'jdk.management/com.sun.management.internal',
];

export interface PulsarServerOptions {
  readonly kind: string;
  readonly port: number;
  /** More lines of its configuration. */
  security?(folder: string): Promise<Readonly<Record<string, string>>>;
  /** For the health check, if nobody is let in without one. */
  readonly token?: string;
  /** Once it serves. */
  settle?(): Promise<void>;
}

/** A standalone Pulsar: broker, bookie and metadata in one process, with the WebSocket API on its web port. */
export function pulsarServer({ kind, port, security, token, settle }: PulsarServerOptions): StackServer {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return {
    kind,
    port,
    program: () => findJava(ITS_JAVA),
    healthyWithinMs: 120_000,
    prepare: async ({ folder, port: web }) => {
      writeFileSync(path.join(folder, 'standalone.conf'), pulsarProperties(web, await security?.(folder)));
      writeFileSync(path.join(folder, 'log4j2.properties'), LOG4J);
      if (existsSync(metadataOf(folder))) await forgetBookie(folder);
    },
    arguments: async ({ folder, port: web }) => [
      ...['-Xmx768m', '-XX:MaxDirectMemorySize=768m', '-XX:+UseSerialGC', ownTemporaryFolder(folder)],
      ...OPENED.flatMap((name) => ['--add-opens', `${name}=ALL-UNNAMED`]),
      logsAsIn(folder),
      '-Dio.netty.tryReflectionSetAccessible=true',
      ...['-cp', await classPath()],
      'org.apache.pulsar.PulsarStandaloneStarter',
      ...['-c', path.join(folder, 'standalone.conf')],
      ...['--bookkeeper-dir', path.join(folder, 'bookkeeper'), '--metadata-dir', metadataOf(folder)],
      ...['--bookkeeper-port', String(pulsarPorts(web).bookie), '--num-bookies', '1'],
      ...['--no-functions-worker', '--no-stream-storage'],
    ],
    isHealthy: async (web) => {
      const url = `http://127.0.0.1:${web}/admin/v2/brokers/health`;
      return (await fetch(url, { headers, signal: AbortSignal.timeout(5_000) })).ok;
    },
    settle,
    url: (web) => `http://127.0.0.1:${web}`,
    variables: (web) => ({ PULSAR_URL: `http://127.0.0.1:${web}` }),
  };
}

const classPath = async (): Promise<string> =>
  path.join(await mavenJars(ARTIFACTS, { isFromFirstRepository: true }), '*');

const metadataOf = (folder: string): string => path.join(folder, 'metadata');

const logsAsIn = (folder: string): string => `-Dlog4j2.configurationFile=${path.join(folder, 'log4j2.properties')}`;

/** What it prints when none is registered any more. */
const NONE = 'No bookie exists';

/**
 * A Pulsar that was killed left its bookie registered. The next one removes that while it registers its own, and may take the
 * news of the removal, when it comes late, for that of the new one: it registers it again, and so on for ever, with no
 * bookie to write to in between (seen at every second start on a busy machine). Whoever lists the bookies before removes it.
 */
async function forgetBookie(folder: string): Promise<void> {
  const configuration = path.join(folder, 'bookies.conf');
  writeFileSync(configuration, `metadataServiceUri=metadata-store:rocksdb://${metadataOf(folder)}\n`);
  const drivers = 'org.apache.pulsar.metadata.bookkeeper.PulsarMetadata';
  const java = await findJava(ITS_JAVA);
  const { output } = await run(java.path, [
    ...['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ownTemporaryFolder(folder), logsAsIn(folder)],
    `-Dbookkeeper.metadata.bookie.drivers=${drivers}BookieDriver`,
    `-Dbookkeeper.metadata.client.drivers=${drivers}ClientDriver`,
    ...['-cp', await classPath(), 'org.apache.bookkeeper.bookie.BookieShell'],
    ...['-conf', configuration, 'listbookies', '-rw'],
  ]);
  if (!output.includes(NONE))
    throw new Error(`Pulsar could not be rid of its bookie of before: ${output.slice(-2_000)}`);
}

const LOG4J = `rootLogger.level=WARN
rootLogger.appenderRef.out.ref=out
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %c{1} %m%n
`;
