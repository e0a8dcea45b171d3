import { measureProcess } from './throughput.js';

export const measurements = { process: measureProcess } as const;

export type MeasurementName = keyof typeof measurements;
