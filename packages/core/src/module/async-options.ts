import type { FactoryProvider, InjectionToken, ModuleMetadata, Provider, Type } from '@nestjs/common';
import type { QueueFeatureOptions, QueueModuleOptions } from '../options/queue-module-options.js';

/** A provider that makes options. @publicApi */
export interface QueueOptionsFactory<Options = QueueModuleOptions> {
  createQueueOptions(): Options | Promise<Options>;
}

/** Options that are made with the help of other providers: give exactly one of `useFactory`, `useClass`, `useExisting`. */
export interface AsyncOptions<Options> extends Pick<ModuleMetadata, 'imports'> {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what `inject` names is what the factory gets
  useFactory?: (...args: any[]) => Options | Promise<Options>;
  useClass?: Type<QueueOptionsFactory<Options>>;
  useExisting?: Type<QueueOptionsFactory<Options>>;
  inject?: FactoryProvider['inject'];
}

/** Argument of `QueueModule.forRootAsync`. @publicApi */
export type QueueModuleAsyncOptions = AsyncOptions<QueueModuleOptions | undefined>;

/** Argument of `QueueModule.forFeatureAsync`: the name is known in advance, because tokens are made of it. @publicApi */
export interface QueueFeatureAsyncOptions extends AsyncOptions<Omit<QueueFeatureOptions, 'name'>> {
  name: string;
}

/** The providers that make `token` the options. */
export function asyncOptionsProviders<Options>(token: InjectionToken, async: AsyncOptions<Options>): Provider[] {
  const { useFactory, useClass, useExisting, inject = [] } = async;
  const given = [useFactory, useClass, useExisting].filter((way) => way !== undefined);
  if (given.length !== 1) throw new Error('Give exactly one of useFactory, useClass and useExisting');
  if (useFactory) return [{ provide: token, useFactory, inject }];
  const factory = (useClass ?? useExisting) as Type<QueueOptionsFactory<Options>>;
  const options: Provider = {
    provide: token,
    useFactory: (made: QueueOptionsFactory<Options>) => made.createQueueOptions(),
    inject: [factory],
  };
  return useClass ? [{ provide: useClass, useClass }, options] : [options];
}
