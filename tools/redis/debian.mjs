export async function debianRedis() {
  return undefined;
}
export async function installRedisTools() {
  return undefined;
}
