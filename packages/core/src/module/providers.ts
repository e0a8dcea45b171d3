import type { InjectionToken, Provider } from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { InvalidOptionsError } from '../errors/errors.js';
import type { QueueFeatureOptions, QueueModuleOptions } from '../options/queue-module-options.js';
import { resolveFeatureOptions, resolveRootOptions, type Resolution } from '../options/resolve-options.js';
import { AffinityInstance } from './affinity-instance.js';
import { environmentOf } from './environment.js';
import { provided } from './provided.js';
import type { QueueRuntime } from './queue-runtime.js';
import {
  getElectionServiceToken,
  getQueueServiceToken,
  getSchedulerServiceToken,
  getWorkerServiceToken,
  partToken,
} from './tokens.js';

export const givenOptionsToken = (name?: string): string => partToken('GivenOptions', name);
const resolutionToken = (name?: string): string => partToken('Options', name);
const runtimeToken = (name?: string): string => partToken('Runtime', name);

const rootResolution: Provider = {
  provide: resolutionToken(),
  useFactory: async (given: QueueModuleOptions | undefined, moduleRef: ModuleRef): Promise<Resolution> =>
    resolveRootOptions(given, await environmentOf(moduleRef)),
  inject: [givenOptionsToken(), ModuleRef],
};

function featureResolution(name: string): Provider {
  return {
    provide: resolutionToken(name),
    useFactory: async (
      given: Partial<QueueFeatureOptions> | undefined,
      modules: ModulesContainer,
      moduleRef: ModuleRef,
    ): Promise<Resolution> => {
      const root = await rootOf(modules, moduleRef, name);
      const options = name === '' ? { name: undefined, ...given } : { ...given, name };
      return resolveFeatureOptions(
        options as QueueFeatureOptions,
        root.options,
        await environmentOf(moduleRef),
      );
    },
    inject: [givenOptionsToken(name), ModulesContainer, ModuleRef],
  };
}

async function rootOf(modules: ModulesContainer, moduleRef: ModuleRef, name: string): Promise<Resolution> {
  if ([...modules.values()].some((module) => module.providers.has(resolutionToken()))) {
    return provided<Resolution>(moduleRef, resolutionToken());
  }
  const allowed = 'QueueModule.forRoot() or forRootAsync() in the same application';
  throw new InvalidOptionsError([
    { option: `QueueModule.forFeature '${name}'`, value: 'no root queue', allowed },
  ]);
}

function runtime(name: string | undefined): Provider {
  return {
    provide: runtimeToken(name),
    useFactory: (resolution: Resolution, instance: AffinityInstance) => instance.join(resolution),
    inject: [resolutionToken(name), AffinityInstance],
  };
}

const services = {
  queueService: getQueueServiceToken,
  workerService: getWorkerServiceToken,
  schedulerService: getSchedulerServiceToken,
  electionService: getElectionServiceToken,
} as const satisfies Partial<Record<keyof QueueRuntime, (name?: string) => InjectionToken>>;

function service(key: keyof typeof services, name: string | undefined): Provider {
  return {
    provide: services[key](name),
    useFactory: (made: QueueRuntime) => made[key],
    inject: [runtimeToken(name)],
  };
}

/** What a queue's module provides beside the options that were given, and what of it other modules may inject. */
export function queueProviders(name?: string): { providers: Provider[]; exports: InjectionToken[] } {
  const keys = Object.keys(services) as (keyof typeof services)[];
  const resolution = name === undefined ? rootResolution : featureResolution(name);
  const tokens = keys.map((key) => services[key](name));
  return {
    providers: [resolution, runtime(name), ...keys.map((key) => service(key, name))],
    // Features inherit from the root queue's options.
    exports: name === undefined ? [...tokens, resolutionToken()] : tokens,
  };
}
