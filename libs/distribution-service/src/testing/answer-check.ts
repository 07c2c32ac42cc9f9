import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';

interface Answer {
  readonly content?: Readonly<Record<string, object>>;
}

interface Operation {
  readonly summary?: string;
  readonly parameters?: readonly object[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, Answer>>;
}

export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export interface GivenAnswer {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly status: number;
  readonly contentType: string | null;
  readonly body: unknown;
}

const DOCUMENTS = /^\/api\/(docs|openapi\.json)/;

/** Holds answers against the service's own document. */
export class AnswerCheck {
  private readonly ajv: Ajv2020;
  private readonly templates: readonly { readonly pattern: RegExp; readonly path: string }[];
  private readonly validators = new Map<string, ValidateFunction>();

  constructor(private readonly document: OpenApiDocument) {
    this.ajv = new Ajv2020({ strict: false, allErrors: true });
    (ajvFormats as unknown as (ajv: Ajv2020) => void)(this.ajv);
    this.ajv.addSchema(document, 'openapi');
    // A path with fewer parameters is meant first: `/topics/mine` before `/topics/{name}`.
    this.templates = Object.keys(document.paths)
      .sort((a, b) => a.split('{').length - b.split('{').length)
      .map((path) => ({ path, pattern: patternOf(path) }));
  }

  /** What is wrong with it; undefined if nothing is. */
  problemOf({ method, path, status, contentType, body }: GivenAnswer): string | undefined {
    const called = path.split('?', 1)[0];
    const verb = method.toLowerCase();
    const name = this.templates.find((template) => {
      return template.pattern.test(called) && verb in this.document.paths[template.path];
    })?.path;
    if (DOCUMENTS.test(called)) return undefined;
    if (name === undefined) return status === 404 ? undefined : `${method} ${called} is not in the document`;
    const { responses } = this.document.paths[name][verb];
    const answer = responses[status];
    if (answer === undefined) return `${method} ${name} answered ${status}, which is not in the document`;
    if (answer.content === undefined) {
      return body === '' || body === undefined ? undefined : `${method} ${name} answered ${status} with a body`;
    }
    const type = contentType?.split(';', 1)[0].trim() ?? '';
    if (!(type in answer.content)) return `${method} ${name} answered ${status} with ${type || 'no content type'}`;
    if (!type.includes('json')) return undefined;
    const validate = this.validatorOf(['paths', name, verb, 'responses', String(status), 'content', type, 'schema']);
    if (validate(body)) return undefined;
    const problems = this.ajv.errorsText(validate.errors, { dataVar: 'body' });
    return `${method} ${name} answered ${status} outside of its schema: ${problems}\n${JSON.stringify(body)}`;
  }

  private validatorOf(keys: readonly string[]): ValidateFunction {
    const pointer = keys.map((key) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
    const known = this.validators.get(pointer);
    if (known !== undefined) return known;
    const made = this.ajv.compile({ $ref: `openapi#/${pointer}` });
    this.validators.set(pointer, made);
    return made;
  }
}

function patternOf(template: string): RegExp {
  const parts = template.split(/\{[^}]+\}/).map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^/]+')}/?$`);
}
