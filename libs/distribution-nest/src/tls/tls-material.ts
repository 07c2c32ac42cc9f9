import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import type { Clock, Principal } from '@distributary/distribution-core';
import { LRUCache } from 'lru-cache';
import { ConfigurationError } from '../config/load-config.js';
import type { Logger } from '../logging/logger.js';
import { findCertificatePrincipal } from './certificate-principals.js';
import { type ClientCertificates, type TlsConfig, tlsProblems } from './tls.config.js';

/** What Node's servers and gRPC's take alike. */
export interface TlsContext {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
}

const CHECK_EVERY_MS = 5_000;
const CLIENT_AUTH_USAGE = '1.3.6.1.5.5.7.3.2';
const MAX_KNOWN_CERTIFICATES = 1_000;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * The service's certificate and key, and the certificates that clients are judged by. The files are looked at every 5 s
 * and on demand (SIGHUP); new handshakes use what is new, connections that there are go on. What cannot be used is logged
 * and the old one is kept: a half-written file stops nobody.
 */
export class TlsMaterial {
  private listeners: ((context: TlsContext) => void)[] = [];
  private cancelCheck: () => void = () => undefined;
  private issuers: readonly X509Certificate[] = [];
  /** By fingerprint; emptied when the issuers change. Undefined: stands for nobody. */
  private readonly known = new LRUCache<string, { readonly principal: Principal | undefined }>({
    max: MAX_KNOWN_CERTIFICATES,
  });
  private context: TlsContext;

  private constructor(
    private readonly config: TlsConfig,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {
    this.context = this.read();
    this.use(this.context);
    this.scheduleCheck();
  }

  /** Undefined without TLS. Throws a `ConfigurationError` with every problem. */
  static open(config: TlsConfig, clock: Clock, logger: Logger): TlsMaterial | undefined {
    const problems = tlsProblems(config);
    if (problems.length > 0) throw new ConfigurationError(problems);
    if (config.TLS_CERT_FILE === undefined) return undefined;
    try {
      return new TlsMaterial(config, clock, logger);
    } catch (error) {
      throw new ConfigurationError([
        { variable: 'TLS_CERT_FILE', rule: `cannot be used: ${(error as Error).message}`, given: undefined },
      ]);
    }
  }

  get clientCertificates(): ClientCertificates {
    return this.config.TLS_CLIENT_AUTH;
  }

  /** Whether certificates stand for anybody. */
  get hasPrincipals(): boolean {
    return this.config.TLS_CLIENT_PRINCIPALS.length > 0;
  }

  get current(): TlsContext {
    return this.context;
  }

  onChange(listener: (context: TlsContext) => void): void {
    this.listeners.push(listener);
  }

  /** Reads the files. True if they hold something new that can be used. */
  reload(): boolean {
    try {
      const next = this.read();
      if (isSame(next, this.context)) return false;
      this.use(next);
      for (const listener of this.listeners) listener(next);
      this.logger.info('tls.reloaded', { valid_to: new X509Certificate(next.cert).validTo });
      return true;
    } catch (error) {
      this.logger.error('tls.reload_failed', { error });
      return false;
    }
  }

  stop(): void {
    this.cancelCheck();
    this.listeners = [];
  }

  /**
   * Who a peer's certificate (DER) stands for. It has to be issued by one of TLS_CLIENT_CA_FILE, valid now and meant for
   * clients; where certificates are optional, TLS itself lets others through. Undefined: for nobody.
   */
  principalOf(raw: Buffer | undefined): Principal | undefined {
    if (raw === undefined || this.clientCertificates === 'none') return undefined;
    const certificate = new X509Certificate(raw);
    const known = this.known.get(certificate.fingerprint256);
    const principal = known === undefined ? this.judge(certificate) : known.principal;
    this.known.set(certificate.fingerprint256, { principal });
    if (principal === undefined) return undefined;
    const nowMicros = this.clock.nowMicros();
    const hasBegun = Date.parse(certificate.validFrom) * 1_000 <= nowMicros;
    return hasBegun && nowMicros <= (principal.expiresAtMicros as number) ? principal : undefined;
  }

  /** What does not depend on the time. */
  private judge(certificate: X509Certificate): Principal | undefined {
    const isIssued = this.issuers.some(
      (issuer) => issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey),
    );
    const usages = certificate.keyUsage as readonly string[] | undefined;
    const isForClients = usages === undefined || usages.includes(CLIENT_AUTH_USAGE);
    if (!isIssued || !isForClients) return undefined;
    return findCertificatePrincipal(certificate, this.config.TLS_CLIENT_PRINCIPALS);
  }

  private read(): TlsContext {
    const { TLS_CERT_FILE, TLS_KEY_FILE, TLS_CLIENT_CA_FILE } = this.config;
    const context = {
      cert: readFileSync(TLS_CERT_FILE as string),
      key: readFileSync(TLS_KEY_FILE as string),
      ca: TLS_CLIENT_CA_FILE === undefined ? undefined : readFileSync(TLS_CLIENT_CA_FILE),
    };
    // A key that does not belong to the certificate is refused here, and not at the first handshake.
    tls.createSecureContext(context);
    return context;
  }

  private use(context: TlsContext): void {
    this.context = context;
    this.issuers = (context.ca?.toString().match(CERTIFICATE) ?? []).map((text) => new X509Certificate(text));
    this.known.clear();
  }

  private scheduleCheck(): void {
    this.cancelCheck = this.clock.after(CHECK_EVERY_MS, () => {
      this.reload();
      this.scheduleCheck();
    });
  }
}

const isSame = (one: TlsContext, other: TlsContext): boolean =>
  one.cert.equals(other.cert) &&
  one.key.equals(other.key) &&
  (one.ca === undefined ? other.ca === undefined : other.ca !== undefined && one.ca.equals(other.ca));
