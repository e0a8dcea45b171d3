import { isRunning, monotonicMs, sendSignal } from '../scenarios/support/processes.mjs';
import { until } from '../scenarios/support/until.mjs';

const TAKEOVER_DEADLINE_MS = 30_000;
const HALF_WAY_DEADLINE_MS = 180_000;

/**
 * @typedef {object} Failover
 * @property {number} pid of the killed leader
 * @property {number} killedAtMs monotonic
 * @property {number} takenOverAtMs monotonic
 * @property {import('./leader-watch.mjs').Reign} from
 * @property {import('./leader-watch.mjs').Reign} to
 * @property {number} completedBefore
 */

/** Kills the leader half-way with SIGKILL and waits until another instance leads. @returns {Promise<Failover>} */
export async function failover({ leaders, progress, signal, note }) {
  await until('half of the tasks', () => progress.completed >= progress.total / 2 && leaders.current, {
    deadlineMs: HALF_WAY_DEADLINE_MS,
    signal,
  });
  const from = leaders.reigns.at(-1);
  const completedBefore = progress.completed;
  sendSignal(from.pid, 'SIGKILL');
  await until('the leader to be gone', () => !isRunning(from.pid), { signal });
  const killedAtMs = monotonicMs();
  leaders.markDead(from.pid);
  note(
    `✂ half-way (${completedBefore} tasks): killed the leader, instance ${from.instance} (${from.nodeId}), with SIGKILL`,
  );

  const to = await until(
    'another leader',
    () => {
      const last = leaders.reigns.at(-1);
      return last.nodeId !== from.nodeId && last;
    },
    { deadlineMs: TAKEOVER_DEADLINE_MS, signal },
  );
  const afterS = ((to.fromMs - killedAtMs) / 1_000).toFixed(2);
  note(`♛ ${nameOf({ from, to })} (${to.nodeId}) took over ${afterS} s after the kill`);
  return { pid: from.pid, killedAtMs, takenOverAtMs: to.fromMs, from, to, completedBefore };
}

/** PM2 restarts what was killed, and the restarted process may win the election. */
export function nameOf({ from, to }) {
  return `instance ${to.instance}${to.instance === from.instance ? ', restarted by PM2,' : ''}`;
}
