import { useSubPaths } from './sub-paths';

test('every sub-path of the library is there in CommonJS', async () => {
  const web = {
    result: 42,
    health: 'up',
    terminus: 'ok',
    metrics: true,
    page: true,
    action: 403,
    history: 1,
  };
  await expect(useSubPaths()).resolves.toMatchObject({ inMemory: 8, express: web, fastify: web });
}, 90_000);
