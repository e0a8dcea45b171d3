import type { INestApplication, Type } from '@nestjs/common';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import { withEnvironment } from './environment.js';

/** Starts the application of a recipe, with what stands for the outside world replaced. */
export async function startRecipe(
  module: Type,
  replace: (builder: TestingModuleBuilder) => TestingModuleBuilder = (builder) => builder,
): Promise<INestApplication> {
  const testing = await replace(Test.createTestingModule({ imports: [module] })).compile();
  const app = testing.createNestApplication({ logger: false });
  await app.init();
  return app;
}

/** Runs with the application of a recipe, configured by its environment, on a database of its own. */
export async function withRecipe<T>(
  module: Type,
  environment: { database: number } & Record<string, unknown>,
  run: (app: INestApplication) => Promise<T>,
): Promise<T> {
  return withEnvironment(environment, async () => {
    const app = await startRecipe(module);
    try {
      return await run(app);
    } finally {
      await app.close();
    }
  });
}
