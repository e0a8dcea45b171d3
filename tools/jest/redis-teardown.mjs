export default async function teardown() {
  await globalThis.affinityTestRedis?.stop();
}
