import type { INestApplication, Type } from '@nestjs/common';
import { HTTP_CODE_METADATA, METHOD_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { RequestMethod } from '@nestjs/common';
import { problemSchema } from '../errors/problem-schema.js';
import type { SelectsByFields } from '../doors/selection-fields.js';
import { contractOf, type RouteContract } from './api-contract.js';
import { domainContract } from './domain-contract.js';
import { operationOf } from './open-api-operation.js';
import { type JsonSchema, OpenApiSchemas } from './open-api-schemas.js';

export interface OpenApiText {
  readonly title: string;
  readonly description: string;
  readonly version: string;
  /** By what the domain selects; nothing of its own by default. */
  readonly domain?: SelectsByFields;
}

export const OPEN_API_PATH = 'api/docs';
export const OPEN_API_JSON_PATH = 'api/openapi.json';

interface Handler {
  readonly contract: RouteContract;
  readonly status: number;
}

/** What a method that is there under several paths is called by swagger. */
const ALIAS = /\[(\d+)\]$/;

type Operation = { readonly operationId?: string; readonly tags?: string[] };

/** The document at /api/openapi.json and its page at /api/docs. Made once, when the app starts. */
export function setupOpenApi(
  app: INestApplication,
  { title, description, version, domain = {} }: OpenApiText,
): OpenAPIObject {
  const settings = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(title)
    .setDescription(description)
    .setVersion(version)
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'A JSON Web Token, or an API key' }, 'bearer')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'x-api-key' }, 'api_key')
    .addSecurityRequirements('bearer')
    .addSecurityRequirements('api_key')
    .build();
  const routes = SwaggerModule.createDocument(app, settings, { operationIdFactory });
  const document = withContracts(routes, handlersOf(app, domain));
  SwaggerModule.setup(OPEN_API_PATH, app, document, { jsonDocumentUrl: OPEN_API_JSON_PATH, raw: ['json'] });
  return document;
}

const operationIdFactory = (controller: string, method: string): string =>
  `${controller.replace(/Controller$/, '')}_${method}`;

/** By operation id. */
function handlersOf(app: INestApplication, domain: SelectsByFields): Map<string, Handler> {
  const handlers = new Map<string, Handler>();
  for (const module of app.get(ModulesContainer).values()) {
    for (const { metatype } of module.controllers.values()) {
      const { name, prototype } = metatype as Type<object>;
      for (const method of Object.getOwnPropertyNames(prototype)) {
        const handler = (prototype as Record<string, unknown>)[method];
        const contract = typeof handler === 'function' ? contractOf(handler) : undefined;
        if (contract === undefined) continue;
        handlers.set(operationIdFactory(name, method), {
          contract: domainContract(contract, domain),
          status: statusOf(handler as object),
        });
      }
    }
  }
  return handlers;
}

function statusOf(handler: object): number {
  const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod;
  const status = Reflect.getMetadata(HTTP_CODE_METADATA, handler) as number | undefined;
  return status ?? (method === RequestMethod.POST ? 201 : 200);
}

/** Replaces what was found out about each route by what its contract says. */
function withContracts(routes: OpenAPIObject, handlers: ReadonlyMap<string, Handler>): OpenAPIObject {
  const schemas = new OpenApiSchemas();
  schemas.schemaOf(problemSchema, 'output');
  const paths = Object.entries(routes.paths).map(([path, item]) => {
    const pathParameters = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
    const operations = Object.entries(item as Record<string, Operation>).map(([method, operation]) => {
      const { operationId: id = '', tags = [] } = operation;
      const handler = handlers.get(id.replace(ALIAS, ''));
      if (handler === undefined) return [method, operation];
      const operationId = id.replace('[0]', '').replace(ALIAS, '_$1');
      const place = { operationId, tags, pathParameters, status: handler.status };
      return [method, operationOf(handler.contract, place, schemas)];
    });
    return [path, Object.fromEntries(operations) as JsonSchema];
  });
  const components = {
    ...routes.components,
    schemas: { ...routes.components?.schemas, ...schemas.components },
  } as OpenAPIObject['components'];
  return { ...routes, paths: Object.fromEntries(paths) as OpenAPIObject['paths'], components };
}
