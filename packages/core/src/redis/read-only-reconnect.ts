/** Two looks at the same address for a master that has moved; a replica that stays one is left in peace meanwhile. */
const pauseMs = 5_000;
const readOnlyReply = /^(?:ERR )?-?READONLY\b/;

/**
 * For `reconnectOnError` of a client: where the master has moved behind the address (a managed Redis, a proxy), the connection
 * to what is a replica now would stay for ever, and refuse every write. The command that was refused fails all the same.
 */
export function reconnectWhenReadOnly(
  nowMs: () => number = () => performance.now(),
): (error: Error) => boolean {
  let lastMs = Number.NEGATIVE_INFINITY;
  return ({ message }) => {
    if (!readOnlyReply.test(message) || nowMs() - lastMs < pauseMs) return false;
    lastMs = nowMs();
    return true;
  };
}
