import { quote, quoteAll } from '../quote.js';
import type { Explanations, WorkerFacts } from './explanation-params.js';
import { duration, moment } from './moments.js';

/** A worker that has not been heard of for so long is worth a word. */
const silentMs = 30_000;

const silence = ({ lastHeartbeat }: WorkerFacts, now: number): string => {
  if (lastHeartbeat === null) return '；该 Worker 已不在注册表中';
  const ms = now - lastHeartbeat;
  return ms > silentMs ? `；该 Worker 上次心跳在 ${duration(ms)} 之前` : '';
};
const after = (tasksBefore: number): string =>
  tasksBefore === 0 ? '' : `；同一标签还有 ${tasksBefore} 个任务排在它前面`;
const because = (reason: string | null): string =>
  reason === null ? '' : `；上一次尝试失败：${quote(reason)}`;

/** Why a task waits, in Chinese. */
export const explanationsZh: Explanations = {
  'not-found': ({ jobId }) => `没有任务 ${quote(jobId)}：从未添加、已被移除，或已结束且不再保留`,
  completed: ({ finishedAt, now }) => `已于 ${moment(finishedAt)} 完成（${duration(now - finishedAt)} 之前）`,
  failed: ({ finishedAt, attemptsMade, failedReason }) =>
    `已于 ${moment(finishedAt)} 失败，共尝试 ${attemptsMade} 次：${quote(failedReason)}`,
  running: ({ workerId, since, attempt, now, ...worker }) =>
    `正在 Worker ${workerId} 上运行，已运行 ${duration(now - since)}，开始于 ${moment(since)}（第 ${attempt} 次尝试）${silence({ workerId, ...worker }, now)}`,
  'running-elsewhere': ({ since }) =>
    `自 ${moment(since)} 起处于运行状态，但不属于本库的任何 Worker：被其他类型的 Worker 取走`,
  'in-batch': ({ workerId, position, running, now, ...worker }) =>
    `在 Worker ${workerId} 的批次中排第 ${position} 位${running === null ? '' : `，该 Worker 正在运行任务 ${quote(running)}`}${silence({ workerId, ...worker }, now)}`,
  'in-next-batch': ({ workerId, position, currentTag, now, ...worker }) =>
    `在 Worker ${workerId} 的下一批次中排第 ${position} 位，该 Worker 仍在处理${currentTag === null ? '其他标签' : `标签 ${quote(currentTag)}`}${silence({ workerId, ...worker }, now)}`,
  'tag-bound': ({ identifyTag, workerIds, batchSize, tasksBefore }) =>
    `标签 ${quote(identifyTag)} 已绑定到 Worker ${workerIds.join('、')}，其批次（${batchSize} 个任务）已满或其后已安排其他标签，此任务属于之后的批次${after(tasksBefore)}`,
  'tag-parked': ({ identifyTag, until, tasksBefore, failedReason, now }) =>
    `标签 ${quote(identifyTag)} 正在退避，直到 ${moment(until)}（还有 ${duration(until - now)}）${after(tasksBefore)}${because(failedReason)}`,
  'tag-paused': ({ identifyTag, tasksBefore }) =>
    `标签 ${quote(identifyTag)} 已暂停：用 resumeTag 恢复${after(tasksBefore)}`,
  'queue-paused': () => '队列已暂停：用 resume 恢复',
  'no-leader': () => '当前没有领导者，任务不会被分配：没有角色为 SCHEDULER 或 BOTH 的实例在运行，或正在选举',
  'no-workers': () => '没有已注册的 Worker：没有角色为 WORKER 或 BOTH 的实例在运行',
  'no-handler': ({ type, workerIds, registeredTypes }) =>
    `${workerIds.length === 0 ? '所有 Worker' : `Worker ${workerIds.join('、')}`} 都没有类型 ${quote(type)} 的处理器；已有的处理器：${quoteAll(registeredTypes, '无')}`,
  'workers-busy': ({ workers, tagsBefore, tasksBefore }) =>
    `全部 ${workers} 个 Worker 都在处理其他标签；轮转队列中还有 ${tagsBefore} 个标签排在前面${after(tasksBefore)}`,
  'concurrency-limit': ({ limit, tagsBefore }) =>
    `队列的全局并发数（${limit}）已用完；轮转队列中还有 ${tagsBefore} 个标签排在前面`,
  'rate-limited': ({ until, now }) =>
    `队列的速率限制已用完，直到 ${moment(until)}（还有 ${duration(until - now)}）`,
  'not-taken-in': ({ tasksBefore }) => `已添加，领导者尚未收入，前面还有 ${tasksBefore} 个任务`,
  'being-bound': ({ identifyTag, tagsBefore, tasksBefore }) =>
    `标签 ${quote(identifyTag)} 已就绪且有空闲 Worker：领导者下一步就会绑定它（前面还有 ${tagsBefore} 个标签）${after(tasksBefore)}`,
  'marked-failed': ({ failedReason }) => `下一个取到它的 Worker 会将其判为失败：${quote(failedReason)}`,
  delayed: ({ until, failedReason, schedule, now }) => {
    const made = schedule === null ? '' : `由定时计划 ${quote(schedule)} 安排，`;
    if (until < now)
      return `${made}已于 ${moment(until)} 到期（${duration(now - until)} 前），领导者尚未收取${because(failedReason)}`;
    return schedule === null || failedReason !== null
      ? `延迟到 ${moment(until)}（还有 ${duration(until - now)}）${because(failedReason)}`
      : `由定时计划 ${quote(schedule)} 安排在 ${moment(until)} 执行（还有 ${duration(until - now)}）`;
  },
  'waiting-children': ({ children }) => `正在等待 ${children} 个子任务结束`,
  lost: () => '任务数据仍在，但不在队列的任何列表中：被本库以外的程序移动过',
};
