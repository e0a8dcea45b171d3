import type { Type } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { processEnv, type EnvReader } from '../options/env.js';
import { providedIfThere } from './provided.js';

interface ConfigReader {
  get(name: string): unknown;
}

/**
 * Where variables are read: through `@nestjs/config` where the application imports it in reach of this module (globally, or
 * in the `imports` of `forRootAsync`), else in `process.env`. The package is optional.
 */
export async function environmentOf(moduleRef: ModuleRef): Promise<EnvReader> {
  const ConfigService = await loadConfigService();
  const config = ConfigService && (await providedIfThere<ConfigReader>(moduleRef, ConfigService));
  // ConfigService reads process.env by itself, unless the application told it not to.
  return config === undefined ? processEnv : (name) => config.get(name);
}

async function loadConfigService(): Promise<Type<ConfigReader> | undefined> {
  try {
    return ((await import('@nestjs/config')) as { ConfigService: Type<ConfigReader> }).ConfigService;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
}
