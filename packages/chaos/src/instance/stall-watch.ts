import type { HistoryRecorder } from 'nestjs-affinity-queue/history';

const everyMs = 50;
const worthNotingMs = 250;

/** The detail of such a record. */
export const stoodStill = 'stood still';

/**
 * Notes when this process stood still, whoever was the reason: a machine that is short of processors does what SIGSTOP does,
 * and the checker has to know.
 */
export function watchStalls(recorder: () => HistoryRecorder, node: string): NodeJS.Timeout {
  let last = performance.now();
  return setInterval(() => {
    const now = performance.now();
    const stoodMs = now - last - everyMs;
    last = now;
    if (stoodMs < worthNotingMs) return;
    const agoMs = Math.round(stoodMs + everyMs);
    recorder().record('fault', { kind: 'block', target: node, durationMs: agoMs, agoMs, detail: stoodStill });
  }, everyMs).unref();
}
