import { ServerCredentials } from '@grpc/grpc-js';
import type { TlsContext, TlsMaterial } from './tls-material.js';

/** gRPC's credentials that follow the files: connections that there are go on, new ones see the new certificate. */
export class ReloadingServerCredentials extends ServerCredentials {
  constructor(material: TlsMaterial) {
    super(
      {
        requestCert: material.clientCertificates !== 'none',
        rejectUnauthorized: material.clientCertificates === 'required',
        minVersion: 'TLSv1.2',
      },
      contextOf(material.current),
    );
    material.onChange((context) => this.updateSecureContextOptions(contextOf(context)));
  }

  _equals(other: ServerCredentials): boolean {
    return other === this;
  }
}

const contextOf = ({ cert, key, ca }: TlsContext) => ({ cert: [cert], key: [key], ...(ca !== undefined && { ca }) });
