import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';

export interface AsyncApiDocument {
  readonly components: { readonly messages: Readonly<Record<string, { readonly payload: object }>> };
}

/** Holds what a stream tells against the service's own document. */
export class MessageCheck {
  private readonly ajv: Ajv2020;
  private readonly validators = new Map<string, ValidateFunction>();

  constructor(private readonly document: AsyncApiDocument) {
    this.ajv = new Ajv2020({ strict: false });
    (ajvFormats as unknown as (ajv: Ajv2020) => void)(this.ajv);
    this.ajv.addSchema(document, 'asyncapi');
  }

  /** What is wrong with it; undefined if nothing is. */
  problemOf(message: { readonly type: string }): string | undefined {
    const name = `server_${message.type}`;
    if (!(name in this.document.components.messages)) return `${message.type} is not in the document`;
    const validate =
      this.validators.get(name) ?? this.ajv.compile({ $ref: `asyncapi#/components/messages/${name}/payload` });
    this.validators.set(name, validate);
    if (validate(message)) return undefined;
    return `${name} is not what the document says: ${this.ajv.errorsText(validate.errors)}`;
  }
}
