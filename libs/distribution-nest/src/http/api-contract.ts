import { applyDecorators, HttpCode, SetMetadata } from '@nestjs/common';
import type { ErrorCode } from '@distributary/distribution-core';
import type { z } from 'zod';

/** One schema means JSON. */
export type BodyContract = z.ZodType | Readonly<Record<string, z.ZodType>>;

/** What a REST route takes and answers. The document is made of it, and the e2e tests hold every answer against it. */
export interface RouteContract {
  /** One sentence. */
  readonly summary: string;
  readonly description?: string;
  /** Parts of the path; parts without a schema are texts. */
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  /** The body of the request; per media type if it is not JSON. */
  readonly body?: BodyContract;
  /** Which of them says what is selected, and so may have the fields that a domain selects by: `symbols`, `min_price`. */
  readonly selects?: 'query' | 'body';
  /** Of the answer; absent: an answer without a body. */
  readonly response?: BodyContract;
  /** Of the answer; the route then answers with it, too. Default: Nest's, 201 of POST and 200 of all others. */
  readonly status?: number;
  readonly responseDescription?: string;
  /** Headers of the answer, with what they say. */
  readonly responseHeaders?: Readonly<Record<string, string>>;
  /** Answers besides that are no problems, such as 304. */
  readonly otherResponses?: Readonly<Record<number, { readonly description: string; readonly body?: BodyContract }>>;
  /**
   * Besides those that every route may answer with: `request.invalid` if it takes anything, `payload.too_large` if it
   * takes a body, the `auth.*`, `origin.refused`, `quota.exceeded`, `draining` and `internal`.
   */
  readonly errors?: readonly ErrorCode[];
  /** What this route answers problems with, besides problem details: protocols of others have their own. */
  readonly problemBody?: Readonly<Record<string, z.ZodType>>;
  /** Needs no authentication. */
  readonly isOpen?: boolean;
}

const API_CONTRACT = 'distributary:api-contract';

/** Beside `@Get()` and the like; every route has one, see CONTRIBUTING.md. */
export function ApiContract(contract: RouteContract): MethodDecorator {
  const decorators = [SetMetadata(API_CONTRACT, contract)];
  return applyDecorators(...decorators, ...(contract.status === undefined ? [] : [HttpCode(contract.status)]));
}

/** Of a method of a controller. */
export function contractOf(handler: object): RouteContract | undefined {
  return Reflect.getMetadata(API_CONTRACT, handler) as RouteContract | undefined;
}
