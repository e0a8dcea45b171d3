import 'reflect-metadata';
import { describeContract } from '../../contract/contract.js';
import { onRedis } from '../../contract/on-redis.js';

describeContract('on Redis', onRedis);
