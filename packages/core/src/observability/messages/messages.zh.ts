import type { Messages, StepDownReason } from './message-params.js';
import { quote } from './quote.js';

const stepDownReasons: Readonly<Record<StepDownReason, string>> = {
  'lease-lost': '未能及时续期选举锁',
  fenced: '已有新的领导者',
  stalled: '调度循环停滞',
};

/** Log messages in Chinese. The texts of the first four are documented and part of the public contract. */
export const zh: Messages = {
  becameLeader: ({ nodeId }) => `节点 ${nodeId} 成为调度器领导者`,
  becameFollower: () => '当前节点不是调度器领导者，仅作为 Worker 运行',
  leaderTimedOut: ({ nodeId }) => `领导者 ${nodeId} 心跳超时，尝试接管`,
  workerRegistered: ({ workerId }) => `Worker ${workerId} 已注册`,

  queueStarted: ({ queue, role, nodeId, workerCount }) =>
    `队列 ${queue} 已启动：节点 ${nodeId}，角色 ${role}，Worker 数 ${workerCount}`,
  evictionAllowed: ({ policy }) =>
    `Redis 的 maxmemory-policy 为 ${policy}，任务可能被淘汰（allowEviction 已开启）`,
  shutdownBegan: ({ queue, running }) => `队列 ${queue} 开始停止，等待 ${running} 个运行中的任务`,
  shutdownFinished: ({ queue, durationMs }) => `队列 ${queue} 已停止，用时 ${durationMs} 毫秒`,
  shutdownTimedOut: ({ queue, timeoutMs, handedBack }) =>
    `队列 ${queue} 停止超时（${timeoutMs} 毫秒），已中止并退回 ${handedBack} 个任务`,
  tasksHandedBack: ({ workerId, handedBack }) => `Worker ${workerId} 已按原顺序退回 ${handedBack} 个任务`,
  roleOverridesVariable: ({ queue, role, variable, variableValue }) =>
    `队列 ${queue} 的选项 role=${role} 覆盖了环境变量 ${variable}=${variableValue}，按进程分配的角色不会生效`,
  leaseTooShort: ({ option, valueMs, heartbeatIntervalMs }) =>
    `${option}（${valueMs} 毫秒）不足心跳间隔（${heartbeatIntervalMs} 毫秒）的两倍，丢失一次心跳就会失效`,

  schedulerOnStandby: ({ nodeId }) => `调度器节点 ${nodeId} 处于待命状态，等待接管领导权`,
  leaderResigned: ({ nodeId }) => `领导者 ${nodeId} 已主动让位`,
  leaderSteppedDown: ({ nodeId, reason }) => `节点 ${nodeId} 不再是调度器领导者：${stepDownReasons[reason]}`,
  leaderless: ({ queue, forMs }) => `队列 ${queue} 已有 ${forMs} 毫秒没有领导者，任务暂停分配`,
  leaderFound: ({ queue, nodeId }) => `队列 ${queue} 重新有了领导者：${nodeId}`,
  schedulingFailed: ({ queue, error, retryInMs }) =>
    `队列 ${queue} 的调度出错（${error}），${retryInMs} 毫秒后重试`,

  workerRetired: ({ workerId }) => `Worker ${workerId} 已注销`,
  workerLeaseOver: ({ workerId }) => `Worker ${workerId} 未能及时发送心跳，已中止正在运行的任务`,
  workerFenced: ({ workerId, newWorkerId }) =>
    `Worker ${workerId} 已被判定失效，其结果作废，以 ${newWorkerId} 重新加入`,
  workerDeclaredDead: ({ workerId, recovered }) => `Worker ${workerId} 心跳超时，已恢复 ${recovered} 个任务`,
  orphanQueueRecovered: ({ workerQueue, recovered }) =>
    `已从孤儿队列 ${workerQueue} 恢复 ${recovered} 个任务`,

  taskStarted: ({ jobId, type, workerId, attempt }) =>
    `任务 ${quote(jobId)}（${quote(type)}）在 Worker ${workerId} 上开始，第 ${attempt} 次尝试`,
  taskCompleted: ({ jobId, type, workerId, durationMs }) =>
    `任务 ${quote(jobId)}（${quote(type)}）在 Worker ${workerId} 上完成，用时 ${durationMs} 毫秒`,
  taskFailed: ({ jobId, type, workerId, attempt, error }) =>
    `任务 ${quote(jobId)}（${quote(type)}）在 Worker ${workerId} 上失败，第 ${attempt} 次尝试：${error}`,
  taskPoisonous: ({ jobId, crashes }) =>
    `任务 ${quote(jobId)} 运行时 Worker 已失效 ${crashes} 次，移入失败列表`,
  taskMalformed: ({ jobId }) => `任务 ${quote(jobId)} 格式不正确，移入失败列表`,
  resultDiscarded: ({ jobId, type, workerId }) =>
    `Worker ${workerId} 已不再持有任务 ${quote(jobId)}（${quote(type)}），结果作废`,

  tagReleaseFailed: ({ identifyTag, workerId, error }) =>
    `标识 ${quote(identifyTag)} 在 Worker ${workerId} 上的释放钩子出错：${error}`,
  handlerRegistered: ({ type }) => `任务类型 ${quote(type)} 的处理器已注册`,
  handlerUnused: ({ type, role }) => `角色 ${role} 不执行任务，任务类型 ${quote(type)} 的处理器不会被调用`,

  queuePaused: ({ queue }) => `队列 ${queue} 已暂停`,
  queueResumed: ({ queue }) => `队列 ${queue} 已恢复`,
  tagPaused: ({ identifyTag }) => `标识 ${quote(identifyTag)} 已暂停`,
  tagResumed: ({ identifyTag }) => `标识 ${quote(identifyTag)} 已恢复`,
  tagPurged: ({ identifyTag, removed }) => `标识 ${quote(identifyTag)} 已清空，删除 ${removed} 个任务`,

  redisConnectionLost: ({ address, error }) => `与 Redis（${address}）的连接已断开：${error}`,
  redisConnectionRestored: ({ address, afterMs }) => `与 Redis（${address}）的连接在 ${afterMs} 毫秒后恢复`,
};
