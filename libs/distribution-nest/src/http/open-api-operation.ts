import type { ErrorCode } from '@distributary/distribution-core';
import type { z } from 'zod';
import { mappingOf } from '../errors/error-mapping.js';
import type { BodyContract, RouteContract } from './api-contract.js';
import type { JsonSchema, OpenApiSchemas } from './open-api-schemas.js';

export interface OperationPlace {
  readonly operationId: string;
  readonly tags: readonly string[];
  /** Names in the path. */
  readonly pathParameters: readonly string[];
  /** Nest's, of the handler. */
  readonly status: number;
}

interface Response {
  readonly description: string;
  readonly headers?: JsonSchema;
  readonly content?: JsonSchema;
}

const PROBLEM_TYPE = 'application/problem+json';

/** A request that is no HTTP is refused before anybody knows what route it was for. */
const EVERYWHERE: readonly ErrorCode[] = ['request.invalid', 'origin.refused', 'draining', 'internal'];
/** Codes of every route that wants to know who calls. */
const AUTHENTICATION: readonly ErrorCode[] = ['auth.missing', 'auth.expired', 'auth.forbidden', 'quota.exceeded'];
const RETRY_AFTER = { 'Retry-After': { description: 'Seconds', schema: { type: 'integer', minimum: 1 } } };

/** The operation object of one route. */
export function operationOf(contract: RouteContract, place: OperationPlace, schemas: OpenApiSchemas): JsonSchema {
  const { summary, description, body, isOpen = false } = contract;
  const status = contract.status ?? place.status;
  return {
    operationId: place.operationId,
    tags: [...place.tags],
    summary,
    ...(description !== undefined && { description }),
    parameters: parametersOf(contract, place, schemas),
    ...(body !== undefined && { requestBody: { required: true, content: contentOf(body, 'input', schemas) } }),
    responses: merged(
      answersOf(contract, status, schemas),
      problemResponses(codesOf(contract), contract.problemBody, schemas),
    ),
    ...(isOpen && { security: [] }),
  };
}

function parametersOf(contract: RouteContract, place: OperationPlace, schemas: OpenApiSchemas): JsonSchema[] {
  const inPath = place.pathParameters.map((name) => ({
    name,
    in: 'path',
    required: true,
    schema:
      contract.params?.shape[name] === undefined
        ? { type: 'string', minLength: 1 }
        : schemas.schemaOf(contract.params.shape[name] as z.ZodType, 'input'),
  }));
  return [...inPath, ...listOf(contract.query, 'query', schemas), ...listOf(contract.headers, 'header', schemas)];
}

function listOf(object: z.ZodObject | undefined, where: 'query' | 'header', schemas: OpenApiSchemas): JsonSchema[] {
  if (object === undefined) return [];
  const { properties = {}, required = [] } = schemas.schemaOf(object, 'input') as {
    readonly properties?: Record<string, JsonSchema>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: where,
    required: required.includes(name),
    ...(description !== undefined && { description }),
    schema,
  }));
}

function contentOf(body: BodyContract, io: 'input' | 'output', schemas: OpenApiSchemas): JsonSchema {
  const perType = isSchema(body) ? { 'application/json': body } : body;
  return Object.fromEntries(
    Object.entries(perType).map(([type, schema]) => [type, { schema: schemas.schemaOf(schema, io) }]),
  );
}

const isSchema = (body: BodyContract): body is z.ZodType => '_zod' in body;

function headersOf(headers: Readonly<Record<string, string>>): JsonSchema {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
  );
}

function answersOf(contract: RouteContract, status: number, schemas: OpenApiSchemas): Record<string, Response> {
  const { responseHeaders, response, otherResponses = {}, responseDescription = 'Done' } = contract;
  const content = (body: BodyContract | undefined) =>
    body !== undefined && { content: contentOf(body, 'output', schemas) };
  const others = Object.entries(otherResponses).map(([other, { description, body }]) => [
    other,
    { description, ...content(body) },
  ]);
  return {
    [status]: {
      description: responseDescription,
      ...(responseHeaders !== undefined && { headers: headersOf(responseHeaders) }),
      ...content(response),
    },
    ...(Object.fromEntries(others) as Record<string, Response>),
  };
}

/** A status may have both: a service that is not ready says so in a body of its own, and may be draining. */
function merged(answers: Record<string, Response>, problems: Record<string, Response>): Record<string, Response> {
  const both = Object.entries(problems).map(([status, problem]) => {
    const answer = answers[status];
    if (answer === undefined) return [status, problem];
    const description = `${answer.description}; ${problem.description}`;
    return [status, { ...problem, ...answer, description, content: { ...answer.content, ...problem.content } }];
  });
  return { ...answers, ...(Object.fromEntries(both) as Record<string, Response>) };
}

function codesOf(contract: RouteContract): ErrorCode[] {
  const codes: ErrorCode[] = [...(contract.errors ?? []), ...EVERYWHERE];
  if (contract.isOpen !== true) codes.push(...AUTHENTICATION);
  if (contract.body !== undefined) codes.push('payload.too_large');
  return codes;
}

/** One response for each status, which says the codes that may stand in it. */
function problemResponses(
  codes: readonly ErrorCode[],
  ownBody: RouteContract['problemBody'],
  schemas: OpenApiSchemas,
): Record<string, Response> {
  const own = ownBody === undefined ? {} : contentOf(ownBody, 'output', schemas);
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set(codes)) {
    const { httpStatus } = mappingOf(code);
    byStatus.set(httpStatus, [...(byStatus.get(httpStatus) ?? []), code]);
  }
  return Object.fromEntries([...byStatus].map(([status, each]) => [status, problemResponse(status, each, own)]));
}

function problemResponse(status: number, codes: readonly ErrorCode[], own: JsonSchema): Response {
  return {
    description: codes.map((code) => `\`${code}\`: ${mappingOf(code).title.toLowerCase()}`).join('; '),
    ...((status === 429 || status === 503) && { headers: RETRY_AFTER }),
    content: {
      ...own,
      [PROBLEM_TYPE]: {
        schema: {
          allOf: [
            { $ref: '#/components/schemas/Problem' },
            { properties: { status: { const: status }, code: { enum: codes } } },
          ],
        },
        examples: Object.fromEntries(codes.map((code) => [code, { value: exampleOf(code) }])),
      },
    },
  };
}

function exampleOf(code: ErrorCode): JsonSchema {
  const { title, httpStatus } = mappingOf(code);
  return {
    type: `urn:distributary:problem:${code}`,
    title,
    status: httpStatus,
    detail: `${title}.`,
    code,
    ...(code === 'request.invalid' && { errors: [{ path: 'events[0].data_type', rule: 'must be one of …' }] }),
    trace_id: '0af7651916cd43dd8448eb211c80319c',
  };
}
