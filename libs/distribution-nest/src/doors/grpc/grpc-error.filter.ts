import { Catch, Inject, type RpcExceptionFilter } from '@nestjs/common';
import { type Observable, throwError } from 'rxjs';
import { grpcError, logGrpcError } from '../../errors/grpc-error.js';
import { LOGGER, type Logger } from '../../logging/logger.js';

/** Where errors of unary gRPC calls stop travelling. For `@UseFilters` on the controllers of a gRPC service. */
@Catch()
export class GrpcErrorFilter implements RpcExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(thrown: unknown): Observable<never> {
    logGrpcError(this.logger, 'unary', thrown);
    return throwError(() => grpcError(thrown));
  }
}
