import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

export interface OpenApiText {
  readonly title: string;
  readonly description: string;
  readonly version: string;
}

export const OPEN_API_PATH = 'api/docs';
export const OPEN_API_JSON_PATH = 'api/openapi.json';

/** The document at /api/openapi.json and its page at /api/docs. Made once, when the app starts. */
export function setupOpenApi(app: INestApplication, { title, description, version }: OpenApiText): OpenAPIObject {
  const settings = new DocumentBuilder().setTitle(title).setDescription(description).setVersion(version).build();
  const document = SwaggerModule.createDocument(app, settings);
  SwaggerModule.setup(OPEN_API_PATH, app, document, { jsonDocumentUrl: OPEN_API_JSON_PATH, raw: ['json'] });
  return document;
}
