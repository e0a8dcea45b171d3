import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigService } from '@nestjs/config';
import type { TaskRun } from '../../src/handlers/task-handler.js';
import { readSettings, type Settings } from '../../src/settings.js';

export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'affinity-example-'));
}

export function configOf(values: Record<string, unknown>): ConfigService<Settings, true> {
  return new ConfigService<Settings, true>(readSettings(values));
}

export function runOf(id: string, overrides: Partial<TaskRun> = {}): TaskRun {
  return {
    job: { id },
    identifyTag: 'company-1',
    workerId: 'host-1-abc-1',
    attempt: 1,
    batchPosition: 1,
    fencingToken: 1,
    signal: new AbortController().signal,
    ...overrides,
  };
}
