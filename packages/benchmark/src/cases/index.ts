import { addingCases } from './adding.js';
import type { BenchCase } from './bench-case.js';
import { failoverCases } from './failover.js';
import { growthCases } from './growth.js';
import { idlingCases } from './idling.js';
import { sizeCases } from './size.js';
import { throughputCases } from './throughput.js';

export const allCases: readonly BenchCase[] = [
  ...throughputCases,
  ...addingCases,
  ...idlingCases,
  ...sizeCases,
  ...failoverCases,
  ...growthCases,
];
