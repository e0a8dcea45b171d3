import type { Provider } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { InvalidOptionsError } from '../errors/errors.js';
import { warningMessage } from '../observability/messages/messages.js';
import type { QueueFeatureOptions, QueueModuleOptions } from '../options/queue-module-options.js';
import { resolveFeatureOptions, resolveRootOptions, type Resolution } from '../options/resolve-options.js';
import { AffinityInstance, queueLog } from './affinity-instance.js';
import { environmentOf } from './environment.js';
import { QueueErrors } from './queue-errors.js';
import { QueueRuntime } from './queue-runtime.js';
import {
  featureToken,
  getElectionServiceToken,
  getQueueServiceToken,
  getSchedulerServiceToken,
  getWorkerServiceToken,
} from './tokens.js';

export const givenOptionsToken = (name?: string): string => featureToken('GivenOptions', name);
const resolutionToken = (name?: string): string => featureToken('Options', name);
const runtimeToken = (name?: string): string => featureToken('Runtime', name);

/** The resolved options of the root queue, from which features inherit. */
const rootResolution: Provider = {
  provide: resolutionToken(),
  useFactory: async (given: QueueModuleOptions | undefined, moduleRef: ModuleRef): Promise<Resolution> =>
    resolveRootOptions(given, await environmentOf(moduleRef)),
  inject: [{ token: givenOptionsToken(), optional: true }, ModuleRef],
};

function featureResolution(name: string): Provider {
  return {
    provide: resolutionToken(name),
    useFactory: async (given: Partial<QueueFeatureOptions>, root: Resolution | undefined, moduleRef: ModuleRef) => {
      if (root === undefined) {
        const allowed = 'QueueModule.forRoot() or forRootAsync() in the same application';
        throw new InvalidOptionsError([{ option: 'QueueModule.forFeature', value: name, allowed }]);
      }
      return resolveFeatureOptions({ ...given, name }, root.options, await environmentOf(moduleRef));
    },
    inject: [givenOptionsToken(name), { token: resolutionToken(), optional: true }, ModuleRef],
  };
}

function runtimeProvider(name: string | undefined): Provider {
  return {
    provide: runtimeToken(name),
    useFactory: async ({ options, warnings }: Resolution, instance: AffinityInstance) => {
      const log = queueLog(options);
      const errors = new QueueErrors(options.pendingQueueName);
      for (const warning of warnings) log.warnText((messages) => warningMessage(messages, warning));
      return new QueueRuntime(await instance.join(options, errors, log), log, errors);
    },
    inject: [resolutionToken(name), AffinityInstance],
  };
}

function serviceProviders(name: string | undefined): Provider[] {
  const part = <Key extends keyof QueueRuntime>(provide: ReturnType<typeof getQueueServiceToken>, key: Key): Provider => ({
    provide,
    useFactory: (runtime: QueueRuntime) => runtime[key],
    inject: [runtimeToken(name)],
  });
  return [
    part(getQueueServiceToken(name), 'queueService'),
    part(getWorkerServiceToken(name), 'workerService'),
    part(getSchedulerServiceToken(name), 'schedulerService'),
    part(getElectionServiceToken(name), 'electionService'),
  ];
}

/** What a queue's module provides beside the options that were given, and what of it is for the application. */
export function queueProviders(name?: string): { providers: Provider[]; exports: Provider[] } {
  const services = serviceProviders(name);
  return {
    providers: [name === undefined ? rootResolution : featureResolution(name), runtimeProvider(name), ...services],
    exports: services,
  };
}

/** Tokens that features need from the root module. */
export const rootExports = [resolutionToken(), AffinityInstance];

