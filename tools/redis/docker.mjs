export async function dockerRedis() {
  return undefined;
}
