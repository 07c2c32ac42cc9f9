import type { Metadata } from '@grpc/grpc-js';

/** What HTTP has as a header, gRPC has as metadata of the same name. */
export function metadataText(metadata: Metadata, name: string): string | undefined {
  const [first] = metadata.get(name);
  return typeof first === 'string' && first !== '' ? first : undefined;
}
