import type { FactoryProvider, InjectionToken, ModuleMetadata, Provider, Type } from '@nestjs/common';
import { InvalidOptionsError } from '../errors/errors.js';
import type { QueueFeatureOptions, QueueModuleOptions } from '../options/queue-module-options.js';

/** A provider that makes options. @publicApi */
export interface QueueOptionsFactory<Options = QueueModuleOptions> {
  createQueueOptions(): Options | Promise<Options>;
}

/**
 * Options that are made with the help of other providers: give exactly one of `useFactory`, `useClass`, `useExisting`.
 *
 * @publicApi
 */
export interface QueueAsyncOptions<Options> extends Pick<ModuleMetadata, 'imports'> {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what `inject` names is what the factory gets
  useFactory?: (...args: any[]) => Options | Promise<Options>;
  /** Made in this module, with what `imports` provides. */
  useClass?: Type<QueueOptionsFactory<Options>>;
  /** A provider of one of the `imports`, or of a global module. */
  useExisting?: Type<QueueOptionsFactory<Options>>;
  /** Arguments of `useFactory`. */
  inject?: FactoryProvider['inject'];
}

/** Argument of `QueueModule.forRootAsync`. @publicApi */
export type QueueModuleAsyncOptions = QueueAsyncOptions<QueueModuleOptions | undefined>;

/** Argument of `QueueModule.forFeatureAsync`: the name is known in advance, because tokens are made of it. @publicApi */
export interface QueueFeatureAsyncOptions extends QueueAsyncOptions<
  Omit<QueueFeatureOptions, 'name'> | undefined
> {
  name: string;
}

/** The providers that make `token` the options. */
export function asyncOptionsProviders<Options>(
  token: InjectionToken,
  async: QueueAsyncOptions<Options>,
  method: string,
): Provider[] {
  const { useFactory, useClass, useExisting, inject = [] } = async;
  const ways = Object.entries({ useFactory, useClass, useExisting }).filter(([, way]) => way !== undefined);
  if (ways.length !== 1)
    return [
      {
        provide: token,
        useFactory: () =>
          refuse(
            method,
            ways.map(([way]) => way),
          ),
      },
    ];
  const factory = useClass ?? useExisting;
  if (factory === undefined) return [{ provide: token, useFactory: useFactory as () => Options, inject }];
  const options: Provider = {
    provide: token,
    useFactory: (made: QueueOptionsFactory<Options>) => made.createQueueOptions(),
    inject: [factory],
  };
  return useClass ? [{ provide: useClass, useClass }, options] : [options];
}

function refuse(method: string, ways: readonly string[]): never {
  const value = ways.length === 0 ? 'none of them' : ways.join(' and ');
  throw new InvalidOptionsError([
    { option: `QueueModule.${method}`, value, allowed: 'exactly one of useFactory, useClass, useExisting' },
  ]);
}
