import { runService } from '@distributary/distribution-service';
import { monitoringDomain } from './monitoring.domain.js';

await runService(monitoringDomain, { program: process.argv[1], environment: process.env });
