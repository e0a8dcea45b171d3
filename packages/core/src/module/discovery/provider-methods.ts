import { Inject, Injectable } from '@nestjs/common';
import { ContextIdFactory, DiscoveryService, MetadataScanner, ModuleRef } from '@nestjs/core';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];
type Method = (...args: unknown[]) => unknown;

/** A method of a provider or controller of the application. */
export interface ProviderMethod {
  /** `Class.method`, for messages. */
  readonly name: string;
  /** The same for all methods of one provider. */
  readonly provider: object;
  /** The function as it was declared, which decorators have marked. */
  readonly declared: unknown;
  /**
   * Calls it on the provider's instance; on a new one, with that request, when the provider is request-scoped or transient.
   */
  call(args: readonly unknown[], request: unknown): unknown;
}

/** Finds the methods of all providers and controllers of the application. */
@Injectable()
export class ProviderMethods {
  constructor(
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(MetadataScanner) private readonly scanner: MetadataScanner,
    @Inject(ModuleRef) private readonly moduleRef: ModuleRef,
  ) {}

  all(): ProviderMethod[] {
    const wrappers = [...this.discovery.getProviders(), ...this.discovery.getControllers()];
    return wrappers.flatMap((wrapper) => this.#methodsOf(wrapper));
  }

  #methodsOf(wrapper: Wrapper): ProviderMethod[] {
    const instance = wrapper.instance as Record<string, unknown> | null | undefined;
    // An alias is found as what it stands for.
    if (typeof instance !== 'object' || instance === null || wrapper.isAlias) return [];
    const prototype: unknown = Object.getPrototypeOf(instance);
    if (typeof prototype !== 'object' || prototype === null) return [];
    const className = wrapper.metatype?.name ?? String(wrapper.name);
    const isLasting = wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
    return this.scanner.getAllMethodNames(prototype).map((method) => ({
      name: `${className}.${method}`,
      provider: wrapper,
      declared: (prototype as Record<string, unknown>)[method],
      call: isLasting
        ? (args) => (instance[method] as Method)(...args)
        : (args, request) => this.#callOnNew(wrapper, method, args, request),
    }));
  }

  async #callOnNew(
    { token, host }: Wrapper,
    method: string,
    args: readonly unknown[],
    request: unknown,
  ): Promise<unknown> {
    const contextId = ContextIdFactory.create();
    // By the module that has it: others may have something else under that token.
    const moduleRef = host?.getProviderByKey<ModuleRef>(ModuleRef)?.instance ?? this.moduleRef;
    moduleRef.registerRequestByContextId(request, contextId);
    const instance = await moduleRef.resolve<Record<string, Method>>(token as string, contextId, {
      strict: host !== undefined,
    });
    return instance[method]!(...args);
  }
}
