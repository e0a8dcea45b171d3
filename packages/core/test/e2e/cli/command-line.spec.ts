import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommandLine } from '../../../src/cli/program.js';
import { closeProxies, FaultProxy } from '../../support/proxy/fault-proxy.js';
import { testRedisUrl, uniqueName } from '../../support/redis.js';
import { closeAll, openRedis, startInstance } from '../../support/calm.js';
import { startStage, task, type Stage } from '../../support/stage.js';
import { until } from '../../support/until.js';
import { libraryEntry } from '../faults/support/library-build.js';

let main: string;
beforeAll(async () => {
  main = join(dirname(await libraryEntry()), 'cli', 'main.js');
});
afterEach(async () => {
  await closeAll();
  await closeProxies();
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, ...env },
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
  const ended = once(child, 'close').then(([code]): Ended => ({ code: code as number | null, ...said }));
  return { child, said, ended };
}

/** In this process: what a process of its own adds is tried below. */
async function runHere(...args: readonly string[]): Promise<Ended> {
  const said = { stdout: '', stderr: '' };
  const code = await runCommandLine(args, {
    out: { write: (text) => void (said.stdout += text) },
    err: { write: (text) => void (said.stderr += text) },
    isInteractive: false,
    signal: new AbortController().signal,
  });
  return { code, ...said };
}

const run = (stage: Pick<Stage, 'name'>, ...args: readonly string[]): Promise<Ended> =>
  runHere('--url', testRedisUrl(), '--queue', `${stage.name}-pending`, ...args);

async function json(stage: Pick<Stage, 'name'>, ...args: readonly string[]): Promise<any> {
  const { code, stdout, stderr } = await run(stage, '--json', ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

describe('the command line', () => {
  it('schedules: when each is due next, and unschedule', async () => {
    const stage = await startStage({ role: 'PRODUCER' });
    expect((await run(stage, 'schedules')).stdout).toBe('Nothing is scheduled.\n');
    const { queue } = stage;
    const startDate = Date.now() + 3_600_000;
    const due = await queue.schedule('tick', { every: 60_000, limit: 3 }, task('tenant'));
    await queue.schedule('later', { every: 90_000, startDate }, task('tenant'));
    await queue.schedule('nightly', { cron: '0 3 * * *', tz: 'Asia/Tokyo' }, task('n\u001b[31m'));
    const listed = await json(stage, 'schedules');
    expect(listed).toEqual(await queue.getSchedules());
    expect(listed).toHaveLength(3);
    const { code, stdout, stderr } = await run(stage, 'schedules');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/│ tick +│ every 1 min +│ due .* ago, waits +│ 0 of 3 │ note │ tenant │/);
    const from = new Date(startDate).toISOString().replace(/\.\d+Z/, 'Z');
    expect(stdout).toContain(`every 1 min 30 s, from ${from}`);
    expect(stdout).toMatch(/│ nightly +│ 0 3 \* \* \* \(Asia\/Tokyo\) .*T18:00:00Z, in .*│ n\ufffd\[31m │/);
    expect((await run(stage, 'schedules', '--limit', '1')).stdout).toContain('--limit shows more');
    expect((await run(stage, 'explain', due.nextJobId!)).code).toBe(0);
    expect(await json(stage, 'unschedule', 'later')).toEqual({ unscheduled: 'later' });
    expect((await run(stage, 'unschedule', 'tick')).stdout).toMatch(/^Schedule tick is gone\. /);
    const again = await run(stage, 'unschedule', 'tick');
    expect(again).toMatchObject({ code: 4, stdout: '' });
    expect(again.stderr).toMatch(/^There is no schedule "tick" in queue /);
    expect((await queue.getSchedules()).map(({ id }) => id)).toEqual(['nightly']);
  });

  it('status: leader, counts and workers, as a table and as JSON, with no prefix to know', async () => {
    const stage = await startStage();
    await stage.hold('tenant\u001b[31m');
    await stage.queue.addBulk([task('tenant\u001b[31m'), task('other')]);
    await until('both are taken in', async () => (await stage.queue.getQueueStats()).tagsWaiting === 1);
    const status = await json(stage, 'status');
    const [worker] = stage.workers.getWorkerStates();
    expect(status).toMatchObject({
      queue: `${stage.name}-pending`,
      leader: { nodeId: stage.election.nodeId },
      stats: { waiting: 2, active: 1, paused: false },
      workers: [
        {
          workerId: worker!.workerId,
          status: 'running',
          nodeId: stage.election.nodeId,
          types: ['note'],
          batch: { position: 1, size: 2, waiting: 1 },
          currentJobId: stage.recorder.runs[0]!.jobId,
        },
      ],
    });
    const { code, stdout, stderr } = await run(stage, 'status');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`Leader  ${stage.election.nodeId} for `);
    expect(stdout).toContain('2 waiting, 1 running');
    expect(stdout).toMatch(new RegExp(`│ ${worker!.workerId} +│ running +│ .*tenant.* │ 1 of 2 `));
    expect(stdout).not.toContain('\u001b[31m');
    // Whoever looks is no worker and no candidate, and leaves nothing behind.
    expect((await json(stage, 'status')).workers).toHaveLength(1);
    stage.open();
  });

  it('status --watch: again and again, until it is told to end', async () => {
    const stage = await startStage();
    const args = ['--url', testRedisUrl(), '--queue', `${stage.name}-pending`, '--json'];
    const { child, said, ended } = start([...args, 'status', '--watch', '--interval', '0.05']);
    await until('it has looked three times', () => said.stdout.split('\n').length > 3);
    child.kill('SIGINT');
    const { code, stdout } = await ended;
    expect(code).toBe(0);
    for (const line of stdout.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('stats');
  });

  it('status --watch: goes on when Redis is back', async () => {
    const stage = await startStage();
    const proxy = await FaultProxy.start();
    const ended = new AbortController();
    const said = { stdout: '', stderr: '' };
    const watching = runCommandLine(
      [
        '--url',
        proxy.url,
        '--queue',
        `${stage.name}-pending`,
        '--json',
        'status',
        '--watch',
        '--interval',
        '0.05',
      ],
      {
        out: { write: (text) => void (said.stdout += text) },
        err: { write: (text) => void (said.stderr += text) },
        isInteractive: false,
        signal: ended.signal,
      },
    );
    await until('it has looked', () => said.stdout !== '');
    const silence = proxy.plan('hold-request', () => true);
    await until('it says so', () => said.stderr !== '', { timeoutMs: 15_000 });
    await silence.release();
    proxy.heal();
    said.stdout = '';
    await until('it looks again', () => said.stdout !== '', { timeoutMs: 15_000 });
    ended.abort();
    expect(await watching).toBe(0);
    expect(said.stderr).toMatch(/AFFINITY_COMMAND_TIMEOUT|did not answer|within/);
    expect(JSON.parse(said.stdout.trim().split('\n')[0]!)).toHaveProperty('stats');
  }, 40_000);

  it('tags: with what they wait for', async () => {
    const stage = await startStage();
    await stage.hold('busy');
    await stage.queue.pauseTag('paused');
    await stage.queue.addBulk([task('ready'), task('ready'), task('paused')]);
    await until('all are taken in', async () => (await stage.queue.getQueueStats()).tagsWaiting === 2);
    const tags = await json(stage, 'tags');
    expect(
      tags.map(({ identifyTag, state, waiting, running }: any) => [identifyTag, state, waiting, running]),
    ).toEqual([
      ['ready', 'ready', 2, 0],
      ['paused', 'paused', 1, 0],
      ['busy', 'bound', 0, 1],
    ]);
    const { stdout } = await run(stage, 'tags', '--limit', '1');
    expect(stdout).toContain('│ ready │ ready │ 2       │ 0       │');
    expect(stdout).toContain('1 of 3 tags');
    stage.open();
  });

  it('explain: in both languages; 4 where there is no such task', async () => {
    const stage = await startStage();
    const job = await stage.queue.add(task('t'), { delay: 3_600_000 });
    const { stdout } = await run(stage, 'explain', job.id!);
    expect(stdout).toMatch(/^Task \S+: note, tag t\ndelayed \(delayed\)\nDelayed until /);
    expect((await run(stage, 'explain', job.id!, '--locale', 'zh')).stdout).toContain('延迟到');
    expect(await json(stage, 'explain', job.id!)).toMatchObject({ reason: 'delayed', identifyTag: 't' });
    const unknown = await run(stage, 'explain', 'nope');
    expect(unknown).toMatchObject({ code: 4, stdout: '' });
    expect(unknown.stderr).toContain('There is no task "nope"');
  });

  it('pause, resume and retry-failed', async () => {
    const stage = await startStage();
    expect(await run(stage, 'pause')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('is paused'),
    });
    expect((await stage.queue.getQueueStats()).paused).toBe(true);
    expect(await json(stage, 'resume')).toMatchObject({ paused: false });
    expect((await stage.queue.getQueueStats()).paused).toBe(false);
    await json(stage, 'pause', '--tag', 't');
    expect((await stage.queue.getTagStats('t')).paused).toBe(true);
    await json(stage, 'resume', '--tag', 't');
    expect((await stage.queue.getTagStats('t')).paused).toBe(false);

    const jobs = await stage.queue.addBulk([
      task('a', 'fail', { attempts: 1 }),
      task('b', 'fail', { attempts: 1 }),
    ]);
    await until('both failed', async () => (await stage.queue.getQueueStats()).failed === 2);
    expect((await run(stage, 'retry-failed', '--tag', 'c')).stdout).toBe('No failed task matches.\n');
    expect((await run(stage, 'retry-failed', '--limit', '1.5')).code).toBe(2);
    expect(await json(stage, 'retry-failed', '--tag', 'a')).toEqual({ retried: 1 });
    await until('it ran again', () => stage.recorder.ofTag('a').length === 2);
    expect(stage.recorder.ofTag('b')).toHaveLength(1);
    await until('it failed again', () => jobs[0]!.isFailed());
  });

  it('status: says how many workers are silent, and what has to run where nobody leads', async () => {
    const stage = await startStage({ role: 'WORKER' });
    const [worker] = stage.workers.getWorkerStates();
    await until('it is there', async () => (await stage.queue.getWorkers()).length === 1);
    const redis = openRedis();
    const registry = `scheduler:${stage.name}-pending:worker:registry`;
    const entry = JSON.parse((await redis.hget(registry, worker!.workerId))!) as object;
    const silent = { ...entry, lastHeartbeat: Date.now() - 45_000 };
    let stdout = '';
    // The worker beats on, and says so in its entry again.
    await until('it is told', async () => {
      await redis.hset(registry, worker!.workerId, JSON.stringify(silent));
      ({ stdout } = await run(stage, 'status'));
      return stdout.includes('Workers 0 running, 1 idle; 1 silent for more than 30 s');
    });
    expect(stdout).toContain(
      'Leader  none: nothing is assigned; an instance in role SCHEDULER or BOTH has to run',
    );
  });

  it('resign: the leader stops, another one leads, and the one that resigned stands again', async () => {
    const stage = await startStage();
    const other = await startInstance({ name: stage.name, role: 'SCHEDULER' });
    const before = await until('one leads', () => stage.election.getLeader());
    const said = await json(stage, 'resign');
    expect(said).toMatchObject({ resigned: before.nodeId });
    expect(said.leader.nodeId).not.toBe(before.nodeId);
    // Their leases last for 20 s: it was the request that ended the term.
    expect(said.tookMs).toBeLessThan(5_000);
    const [first, second] = before.nodeId === stage.election.nodeId ? [stage, other] : [other, stage];
    expect(first.election.isLeader()).toBe(false);
    await until('the other one knows', () => second.election.isLeader());
    expect((await run(stage, 'resign')).stdout).toMatch(/ resigned; \S+ leads \(after /);
    await until('the first one leads again', () => first.election.isLeader());
  });

  it('resign: with nobody who leads, and with a leader that does not answer', async () => {
    const stage = await startStage({ role: 'PRODUCER' });
    await stage.queue.add(task('t'));
    expect(await run(stage, 'resign')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('no leader'),
    });
    const redis = openRedis();
    const scheduler = `scheduler:${stage.name}-pending:`;
    await redis.set(`${scheduler}election:lock`, 'frozen:7');
    await redis.set(`${scheduler}leader:info`, JSON.stringify({ nodeId: 'frozen', epoch: 7 }));
    const { code, stderr } = await run(stage, 'resign', '--timeout', '0.2');
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('frozen did not resign') });
    await redis.del(
      `${scheduler}election:lock`,
      `${scheduler}leader:info`,
      `bull:${stage.name}-pending:aff:resign`,
    );
  });

  it('takes Redis and queue from the variables of the application too', async () => {
    const stage = await startStage();
    const env = { REDIS_URL: testRedisUrl(), PENDING_QUEUE_NAME: `${stage.name}-pending` };
    const { code, stdout } = await start(['--json', 'status'], env).ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout).queue).toBe(`${stage.name}-pending`);
  });

  it('says what is wrong, on stderr, and makes no queue', async () => {
    const name = uniqueName();
    expect(await run({ name }, 'status')).toMatchObject({
      code: 4,
      stdout: '',
      stderr: expect.stringContaining(`There is no queue '${name}-pending'`),
    });
    expect(await openRedis().keys(`*${name}*`)).toEqual([]);
    const away = await start(['--url', 'redis://:hunter2@127.0.0.1:1', 'status']).ended;
    expect(away).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('127.0.0.1:1') });
    expect(away.stderr).not.toContain('hunter2');
    expect(away.stderr.trim().split('\n')).toHaveLength(1);
    expect(await runHere('--url', 'nonsense://x', 'status')).toMatchObject({ code: 2 });
    expect(await runHere('dance')).toMatchObject({ code: 2, stderr: expect.stringContaining('dance') });
    expect(await runHere('tags', '--limit', '0')).toMatchObject({ code: 2 });
    expect(await runHere('status', '--watch', '--interval', '9999999')).toMatchObject({ code: 2 });
    expect(await runHere('resign', '--timeout', '0')).toMatchObject({ code: 2 });
    const help = await runHere('--help');
    expect(help).toMatchObject({ code: 0, stderr: '' });
    for (const command of ['status', 'tags', 'explain', 'pause', 'resume', 'retry-failed', 'resign'])
      expect(help.stdout).toContain(command);
  });
});
