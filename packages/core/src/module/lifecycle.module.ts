import { Global, Inject, Module, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DiscoveryModule, ModulesContainer } from '@nestjs/core';
import { AffinityInstance } from './affinity-instance.js';
import { DecoratedProviders } from './discovery/decorated-providers.js';
import { ProviderMethods } from './discovery/provider-methods.js';

/** What all queues of an application share. */
@Global()
@Module({ providers: [AffinityInstance], exports: [AffinityInstance] })
export class AffinityInstanceModule {}

/**
 * Starts the work after every other module has bootstrapped, so that all handlers are registered and all that they use is
 * there, and ends it before any other module is destroyed, so that running handlers can finish with what they use.
 */
@Module({
  imports: [AffinityInstanceModule, DiscoveryModule],
  providers: [DecoratedProviders, ProviderMethods],
})
export class AffinityLifecycleModule implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    @Inject(AffinityInstance) private readonly instance: AffinityInstance,
    @Inject(DecoratedProviders) private readonly decorated: DecoratedProviders,
    @Inject(ModulesContainer) modules: ModulesContainer,
  ) {
    for (const module of modules.values()) {
      // Nest calls hooks by falling distance from the root module, which has 1, and destroys in the opposite order.
      if (module.metatype === AffinityLifecycleModule) module.distance = nearerThanTheRoot;
    }
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.instance.start(() => {
      this.decorated.connect();
    });
  }

  async onModuleDestroy(): Promise<void> {
    await this.instance.stop();
    this.decorated.disconnect();
  }
}

const nearerThanTheRoot = -1;
