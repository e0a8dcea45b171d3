import 'reflect-metadata';
import { describeContract } from '../../test/contract/contract.js';
import { inMemory } from '../../test/contract/in-memory.js';

describeContract('in memory', inMemory);
