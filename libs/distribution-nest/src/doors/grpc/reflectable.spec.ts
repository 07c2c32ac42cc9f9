import { fromJSON, loadSync, type MessageTypeDefinition, type PackageDefinition } from '@grpc/proto-loader';
import { MONITORING_PROTO, PROTO_LOADING } from '@distributary/contracts';
import { protoPath as HEALTH_PROTO } from 'grpc-health-check';
import { reflectable } from './reflectable.js';

interface File {
  name: string;
  dependency?: string[];
  messageType: { name: string; field?: { typeName?: string }[]; nestedType?: { name: string }[] }[];
  service?: { method: { inputType: string }[] }[];
}

const codec = loadSync('google/protobuf/descriptor.proto', { enums: String })[
  'google.protobuf.FileDescriptorProto'
] as MessageTypeDefinition<object, object>;

function descriptorsIn(definition: PackageDefinition): Buffer[] {
  const parts = Object.values(reflectable(definition)) as Partial<MessageTypeDefinition<object, object>>[];
  return parts.flatMap(({ fileDescriptorProtos }) => fileDescriptorProtos ?? []);
}

/** What a client of reflection is given, by file. */
function filesOf(definition: PackageDefinition): Map<string, File> {
  const files = descriptorsIn(definition);
  return new Map(files.map((bytes) => codec.deserialize(bytes) as File).map((file) => [file.name, file]));
}

describe('reflectable descriptors', () => {
  const definition = loadSync([MONITORING_PROTO, HEALTH_PROTO], PROTO_LOADING);
  const files = filesOf(definition);

  it('say which files a file depends on', () => {
    expect(files.get('distributary_monitoring_v1.proto')?.dependency?.sort()).toEqual([
      'distributary_stream_v1.proto',
      'google_protobuf.proto',
    ]);
    expect(files.get('distributary_stream_v1.proto')?.dependency ?? []).toEqual([]);
  });

  it('name every type from the root', () => {
    const references = [...files.values()].flatMap((file) => [
      ...file.messageType.flatMap((message) => (message.field ?? []).flatMap(({ typeName }) => typeName ?? [])),
      ...(file.service ?? []).flatMap((service) => service.method.map((method) => method.inputType)),
    ]);
    expect(references.filter((reference) => !reference.startsWith('.'))).toEqual([]);
    expect(references).toEqual(
      expect.arrayContaining([
        '.google.protobuf.Timestamp',
        '.distributary.monitoring.v1.SubscriptionRequest.Action',
        '.distributary.stream.v1.Start',
      ]),
    );
  });

  it('call map entries what the compiler of protobuf calls them', () => {
    const list = files.get('grpc_health_v1.proto')?.messageType.find(({ name }) => name === 'HealthListResponse');
    expect(list?.nestedType?.map(({ name }) => name)).toEqual(['StatusesEntry']);
    expect(list?.field?.map(({ typeName }) => typeName)).toEqual(['.grpc.health.v1.HealthListResponse.StatusesEntry']);
  });

  it('find the innermost of equal names, and do without a package', () => {
    const field = (type: string) => ({ fields: { it: { type, id: 1 } } });
    const inner = { ...field('Twin'), nested: { Twin: { fields: {} } } };
    const nameless = fromJSON({ nested: { Twin: { fields: {} }, Outer: inner, Other: field('Twin') } });
    const [{ messageType }] = filesOf(nameless).values();
    const typeOf = (of: string) => messageType.find(({ name }) => name === of)?.field?.[0].typeName;
    expect([typeOf('Outer'), typeOf('Other')]).toEqual(['.Outer.Twin', '.Twin']);
  });

  // Each type had all of them, and reflection decoded them twice for each: a third of the processor time of a start.
  it('are there once each', () => {
    expect(descriptorsIn(definition)).toHaveLength(files.size);
  });

  it('leave services as they are', () => {
    const service = 'distributary.monitoring.v1.MonitoringStream';
    expect(reflectable(definition)[service]).toBe(definition[service]);
  });
});
