import { TopicRow } from '@distributary/persistence';
import { Entity } from 'typeorm';

/** A row of `monitoring_topics`. */
@Entity({ name: 'monitoring_topics' })
export class MonitoringTopicEntity extends TopicRow {}
