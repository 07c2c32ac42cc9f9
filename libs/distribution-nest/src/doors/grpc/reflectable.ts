import {
  loadSync,
  type MessageTypeDefinition,
  type PackageDefinition,
  type ServiceDefinition,
} from '@grpc/proto-loader';

interface MessageDescriptor {
  name: string;
  readonly field?: readonly { readonly name: string; typeName?: string }[];
  readonly nestedType?: readonly MessageDescriptor[];
  readonly enumType?: readonly { readonly name: string }[];
  readonly options?: { readonly mapEntry?: boolean };
}

/** What is of interest here of `google.protobuf.FileDescriptorProto`; the rest travels along. */
interface FileDescriptor {
  readonly name: string;
  readonly package?: string;
  dependency?: string[];
  readonly messageType?: readonly MessageDescriptor[];
  readonly enumType?: readonly { readonly name: string }[];
  readonly service?: readonly { readonly method?: readonly { inputType: string; outputType: string }[] }[];
}

/** Full names of types → names of the files that define them. */
type TypeIndex = ReadonlyMap<string, string>;

/**
 * proto-loader's descriptors do not say what a file depends on, name types relative to where they are used, and give map
 * entries names of their own. Strict clients of reflection, grpcurl and all of Go's, take no such file. This is the
 * definition with its descriptors made whole.
 */
export function reflectable(definition: PackageDefinition): PackageDefinition {
  // One of the files that proto-loader brings along.
  const bundled = loadSync('google/protobuf/descriptor.proto', { enums: String });
  const codec = bundled['google.protobuf.FileDescriptorProto'] as MessageTypeDefinition<object, object>;

  const files = new Map<string, FileDescriptor>();
  for (const bytes of new Set(Object.values(definition).flatMap(descriptorsOf))) {
    const file = codec.deserialize(bytes) as FileDescriptor;
    files.set(file.name, file);
  }
  for (const file of files.values()) file.messageType?.forEach(renameMapEntries);
  const types = indexOf([...files.values()]);
  for (const file of files.values()) link(file, types);

  // With one type for all: whoever reads them decodes what each type has.
  let fileDescriptorProtos = [...files.values()].map((file) => codec.serialize(file));
  const whole = (part: PackageDefinition[string]): PackageDefinition[string] => {
    if (isService(part)) return part;
    const withFiles = { ...part, fileDescriptorProtos };
    fileDescriptorProtos = [];
    return withFiles;
  };
  return Object.fromEntries(Object.entries(definition).map(([name, part]) => [name, whole(part)]));
}

function isService(part: PackageDefinition[string]): part is ServiceDefinition {
  return !('format' in part);
}

function descriptorsOf(part: PackageDefinition[string]): Buffer[] {
  return isService(part) ? [] : part.fileDescriptorProtos;
}

/** protoc's rule: `big_map` is a list of `BigMapEntry`. */
function renameMapEntries(message: MessageDescriptor): void {
  for (const nested of message.nestedType ?? []) {
    renameMapEntries(nested);
    const field = message.field?.find(({ typeName }) => typeName === nested.name);
    if (nested.options?.mapEntry !== true || field === undefined) continue;
    nested.name = `${field.name.replace(/(?:^|_)(\w)/g, (_match, letter: string) => letter.toUpperCase())}Entry`;
    field.typeName = nested.name;
  }
}

function indexOf(files: readonly FileDescriptor[]): TypeIndex {
  const types = new Map<string, string>();
  for (const file of files) {
    const add = (
      scope: string,
      messages: readonly MessageDescriptor[] = [],
      enums: readonly { name: string }[] = [],
    ) => {
      for (const { name } of enums) types.set(within(scope, name), file.name);
      for (const message of messages) {
        const name = within(scope, message.name);
        types.set(name, file.name);
        add(name, message.nestedType, message.enumType);
      }
    };
    add(file.package ?? '', file.messageType, file.enumType);
  }
  return types;
}

/** Makes every reference absolute, and notes which files they lead to. */
function link(file: FileDescriptor, types: TypeIndex): void {
  const needed = new Set<string>();
  const absolute = (reference: string, scope: string): string => {
    const name = resolve(reference, scope, types);
    needed.add(types.get(name) ?? file.name);
    return `.${name}`;
  };
  const linkMessage = (message: MessageDescriptor, scope: string): void => {
    const name = within(scope, message.name);
    for (const field of message.field ?? []) {
      if (field.typeName !== undefined && field.typeName !== '') field.typeName = absolute(field.typeName, name);
    }
    message.nestedType?.forEach((nested) => linkMessage(nested, name));
  };
  const scope = file.package ?? '';
  file.messageType?.forEach((message) => linkMessage(message, scope));
  for (const method of file.service?.flatMap((service) => service.method ?? []) ?? []) {
    method.inputType = absolute(method.inputType, scope);
    method.outputType = absolute(method.outputType, scope);
  }
  needed.delete(file.name);
  file.dependency = [...needed];
}

/** From the innermost scope outwards, as protobuf has it. */
function resolve(reference: string, scope: string, types: TypeIndex): string {
  if (reference.startsWith('.')) return reference.slice(1);
  for (let at = scope; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    if (types.has(within(at, reference))) return within(at, reference);
  }
  return reference;
}

const within = (scope: string, name: string): string => (scope === '' ? name : `${scope}.${name}`);
