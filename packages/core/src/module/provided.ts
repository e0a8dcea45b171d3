import { Inject, Optional, type InjectionToken } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';

/**
 * The provider behind a token as a module sees it, once it has been made, however long that takes. A plain lookup would find
 * it too early. Unlike an optional dependency of a factory, one that cannot be made fails with its own error.
 */
export async function provided<T>(moduleRef: ModuleRef, token: InjectionToken): Promise<T> {
  class Holder {
    constructor(readonly value: T) {}
  }
  Inject(token)(Holder, undefined, 0);
  return (await moduleRef.create(Holder)).value;
}

/** As {@link provided}; `undefined` where the module sees no such provider. */
export async function providedIfThere<T>(
  moduleRef: ModuleRef,
  token: InjectionToken,
): Promise<T | undefined> {
  class Holder {
    constructor(readonly value?: T) {}
  }
  Optional()(Holder, undefined, 0);
  Inject(token)(Holder, undefined, 0);
  return (await moduleRef.create(Holder)).value;
}
