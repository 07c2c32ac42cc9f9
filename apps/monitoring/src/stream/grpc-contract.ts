import { MONITORING_PACKAGE, MONITORING_PROTO } from '@distributary/contracts';
import type { GrpcContract } from '@distributary/distribution-service';

export const MONITORING_GRPC: GrpcContract = {
  proto: MONITORING_PROTO,
  package: MONITORING_PACKAGE,
  service: 'MonitoringStream',
};
