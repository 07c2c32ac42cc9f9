import type { Server as HttpServer, IncomingMessage } from 'node:http';
import { Server, type ServerOptions } from 'node:https';
import { TLSSocket } from 'node:tls';
import type { TlsContext, TlsMaterial } from './tls-material.js';

/** Who takes longer is cut off; until then it counts as a pending handshake. */
const HANDSHAKE_WITHIN_MS = 10_000;

/** For Fastify. */
export function httpsOptions(material: TlsMaterial): ServerOptions {
  return {
    ...contextOf(material.current),
    requestCert: material.clientCertificates !== 'none',
    rejectUnauthorized: material.clientCertificates === 'required',
    minVersion: 'TLSv1.2',
    handshakeTimeout: HANDSHAKE_WITHIN_MS,
  };
}

/** New handshakes use new certificates; connections that there are go on. */
export function followCertificates(server: HttpServer | Server, material: TlsMaterial): void {
  if (server instanceof Server) material.onChange((context) => server.setSecureContext(contextOf(context)));
}

/** The certificate (DER) that the peer of a request showed; undefined without TLS or without one. */
export function peerCertificateOf(request: Pick<IncomingMessage, 'socket'>): Buffer | undefined {
  return request.socket instanceof TLSSocket ? request.socket.getPeerX509Certificate()?.raw : undefined;
}

const contextOf = ({ cert, key, ca }: TlsContext) => ({ cert, key, ...(ca !== undefined && { ca }) });
