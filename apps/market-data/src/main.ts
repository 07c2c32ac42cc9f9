import { runService } from '@distributary/distribution-service';
import { marketDataDomain } from './market-data.domain.js';

await runService(marketDataDomain, { program: process.argv[1], environment: process.env });
