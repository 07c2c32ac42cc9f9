import { InMemoryRoutingRuleStore } from './in-memory-routing-rule-store.js';
import { describeRoutingRuleStoreContract } from './routing-rule-store.contract.js';

describeRoutingRuleStoreContract('InMemoryRoutingRuleStore', async () => new InMemoryRoutingRuleStore());
