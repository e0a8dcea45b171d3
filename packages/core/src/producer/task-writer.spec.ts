import { describe, expect, it } from '@jest/globals';
import type { AddOutcome, NewJob } from '../bullmq/job-adder.js';
import { CommandTimeoutError } from '../errors/errors.js';
import type { ScriptArgument } from '../redis/script-runner.js';
import { newJob } from '../../test/support/new-job.js';
import { TaskWriter } from './task-writer.js';

interface Sent {
  readonly way: 'script' | 'bullmq';
  readonly ids: string[];
  /** Where the script stands on its chain. */
  readonly link: ScriptArgument[];
  /** The reply of a script that is granted a chain. */
  grant(chain: string): void;
  answer(outcomes?: AddOutcome[]): void;
  fail(error: unknown): void;
}

/** Redis by hand: what was sent, to be answered by the test. */
function fakeRedis({ commandTimeoutMs = 10_000 } = {}) {
  const sent: Sent[] = [];
  const bullMQ = { asked: 0, ready: (): void => undefined, fail: (_error: unknown): void => undefined };
  const send = (way: Sent['way'], ids: string[], link: ScriptArgument[] = []): Promise<never> =>
    new Promise((resolve, reject) => {
      const answer = (outcomes: AddOutcome[] = ids.map((id) => ({ id }))) => {
        resolve((way === 'script' ? ids.length : outcomes) as never);
      };
      const grant = (chain: string) => resolve([ids.length, chain] as never);
      sent.push({ way, ids, link, grant, answer, fail: reject });
    });
  const writer = new TaskWriter({
    addTasks: (args: ScriptArgument[]) => {
      const first = 3 + Number(args[2]) * 3;
      const tasks = args.slice(first);
      const ids = tasks.filter((_, i) => i % 4 === 1).map(String);
      return send('script', ids, args.slice(0, 2));
    },
    addByBullMQ: (newJobs) =>
      send(
        'bullmq',
        newJobs.map(({ id }) => id),
      ),
    bullMQReady: () =>
      new Promise((resolve, reject) => {
        bullMQ.asked += 1;
        Object.assign(bullMQ, { ready: resolve, fail: reject });
      }),
    commandTimeoutMs,
  });
  return { writer, sent, bullMQ, sentIds: () => sent.map(({ ids }) => ids) };
}

/** Until all promises and everything that was put off has run. */
const turn = async (): Promise<void> => {
  for (let i = 0; i < 3; i += 1) await new Promise((resolve) => setImmediate(resolve));
};

const many = (prefix: string, count: number, more: Partial<NewJob> = {}): NewJob[] =>
  Array.from({ length: count }, (_, i) => newJob(`${prefix}${i}`, more));
const delayed = (id: string): NewJob => newJob(id, { isPlain: false });

describe('TaskWriter', () => {
  it('sends together what one turn of the event loop adds, in the order of the calls', async () => {
    const { writer, sent, sentIds } = fakeRedis();
    const writes = [
      writer.write([newJob('a')]),
      Promise.resolve().then(() => writer.write(many('b', 2))),
      writer.write([newJob('c')]),
    ];
    await turn();
    expect(sentIds()).toEqual([['a', 'c', 'b0', 'b1']]);
    sent[0]!.answer();
    expect(await Promise.all(writes)).toEqual([['a'], ['b0', 'b1'], ['c']]);
  });

  it('of nothing sends nothing', async () => {
    const { writer, sent } = fakeRedis();
    expect(await writer.write([])).toEqual([]);
    await turn();
    expect(sent).toEqual([]);
    await writer.settled();
  });

  it('sends full scripts at once, three at most on their way', async () => {
    const { writer, sent } = fakeRedis();
    const all = writer.write(many('a', 600));
    expect(sent.map(({ ids }) => ids.length)).toEqual([50, 150, 150]);
    const behind = writer.write([newJob('b')]);
    await turn();
    expect(sent).toHaveLength(3);
    sent[0]!.answer();
    await turn();
    expect(sent.map(({ ids }) => ids.length)).toEqual([50, 150, 150, 150]);
    for (const script of sent) script.answer();
    await turn();
    expect(sent[4]!.ids).toEqual([...many('a', 600).slice(500), newJob('b')].map(({ id }) => id));
    sent[4]!.answer();
    expect(await all).toHaveLength(600);
    expect(await behind).toEqual(['b']);
  });

  it('sends a few of many first while Redis has nothing to do', async () => {
    const { writer, sent } = fakeRedis();
    const sizes = () => sent.map(({ ids }) => ids.length);
    void writer.write(many('a', 149));
    await turn();
    expect(sizes()).toEqual([149]);
    void writer.write(many('b', 150));
    await turn();
    expect(sizes()).toEqual([149, 150]);
    sent[0]!.answer();
    sent[1]!.answer();
    await turn();
    void writer.write(many('c', 150));
    await turn();
    expect(sizes()).toEqual([149, 150, 50, 100]);
  });

  it('bounds a script in bytes; a large task has one alone', async () => {
    const { writer, sentIds } = fakeRedis();
    const sizes = [150_000, 100_000, 1, 900_000];
    void writer.write(sizes.map((payloadBytes, i) => newJob(`a${i}`, { payloadBytes })));
    await turn();
    expect(sentIds()).toEqual([['a0', 'a1'], ['a2'], ['a3']]);
  });

  it('gives what the script does not take to BullMQ, in its turn', async () => {
    const { writer, sent, bullMQ, sentIds } = fakeRedis();
    const write = writer.write([newJob('a'), delayed('b'), delayed('c'), newJob('d')]);
    const behind = writer.write([delayed('e')]);
    await turn();
    // What stands behind it does not overtake while BullMQ gets ready.
    expect(sentIds()).toEqual([['a']]);
    expect(bullMQ.asked).toBe(1);
    bullMQ.ready();
    await turn();
    expect(sent.map(({ way, ids }) => [way, ids])).toEqual([
      ['script', ['a']],
      ['bullmq', ['b', 'c']],
      ['script', ['d']],
    ]);
    sent[1]!.answer([{ id: 'another' }, { id: 'c' }]);
    sent[0]!.answer();
    await turn();
    expect(sent[3]!.ids).toEqual(['e']);
    sent[2]!.answer();
    sent[3]!.answer();
    expect(await write).toEqual(['a', 'another', 'c', 'd']);
    expect(await behind).toEqual(['e']);
    expect(bullMQ.asked).toBe(1);
  });

  it('rejects what BullMQ does not get ready for, and asks again for the next', async () => {
    const { writer, sent, bullMQ } = fakeRedis();
    const refused = expect(writer.write([delayed('a')])).rejects.toThrow('not ready');
    const plain = writer.write([newJob('b')]);
    await turn();
    bullMQ.fail(new Error('not ready'));
    await refused;
    await turn();
    sent[0]!.answer();
    expect(await plain).toEqual(['b']);
    const next = writer.write([delayed('c')]);
    await turn();
    expect(bullMQ.asked).toBe(2);
    bullMQ.ready();
    await turn();
    sent[1]!.answer();
    expect(await next).toEqual(['c']);
  });

  it('rejects the calls that have tasks in a script that failed, and no others', async () => {
    const { writer, sent } = fakeRedis();
    const writes = [writer.write([newJob('a')]), writer.write(many('b', 180)), writer.write([newJob('c')])];
    const results = Promise.allSettled(writes);
    await turn();
    sent[0]!.fail(new Error('OOM'));
    await turn();
    sent[1]!.answer();
    expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  });

  it('sends nothing more of a call that failed, and rejects when the rest of it is answered', async () => {
    const { writer, sent } = fakeRedis();
    const write = writer.write(many('a', 1_000));
    let isOver = false;
    const rejected = expect(write.finally(() => (isOver = true))).rejects.toThrow('OOM');
    const behind = writer.write([newJob('b')]);
    sent[1]!.fail(new Error('OOM'));
    await turn();
    expect(isOver).toBe(false);
    expect(sent.map(({ ids }) => ids.length)).toEqual([50, 150, 150, 1]);
    sent[0]!.answer();
    sent[2]!.fail(new Error('another one'));
    await rejected;
    sent[3]!.answer();
    expect(await behind).toEqual(['b']);
  });

  it('of tasks that BullMQ refuses rejects the calls that they are in', async () => {
    const { writer, sent, bullMQ } = fakeRedis();
    const results = Promise.allSettled([writer.write([delayed('a')]), writer.write([delayed('b')])]);
    await turn();
    bullMQ.ready();
    await turn();
    sent[0]!.answer([{ error: new Error('no') }, { id: 'b' }]);
    expect(await results).toMatchObject([
      { status: 'rejected', reason: { message: 'no' } },
      { status: 'fulfilled', value: ['b'] },
    ]);
  });

  it('when Redis does not answer gives up what has waited for its turn as long', async () => {
    const { writer, sent } = fakeRedis({ commandTimeoutMs: 0 });
    const error = new CommandTimeoutError({ command: 'addTasks', timeoutMs: 0 });
    const results = Promise.allSettled([writer.write(many('a', 600)), writer.write([newJob('b')])]);
    await turn();
    expect(sent).toHaveLength(3);
    sent[0]!.fail(error);
    sent[1]!.fail(error);
    sent[2]!.fail(error);
    expect(await results).toMatchObject([{ reason: error }, { reason: error }]);
    await turn();
    expect(sent).toHaveLength(3);

    const patient = fakeRedis();
    const late = patient.writer.write(many('a', 600));
    const soon = patient.writer.write([newJob('b')]);
    patient.sent[0]!.fail(error);
    patient.sent[1]!.answer();
    patient.sent[2]!.answer();
    await expect(late).rejects.toBe(error);
    await turn();
    patient.sent[3]!.answer();
    expect(await soon).toEqual(['b']);
  });

  it('numbers the scripts in the order in which it sends them, on the chain that it was granted', async () => {
    const { writer, sent } = fakeRedis();
    const drawn = (prefix: string, count = 20) => many(prefix, count, { isIdDrawn: true });
    const links = () => sent.map(({ link }) => link);
    const writes = [writer.write(drawn('a', 350))];
    expect(links()).toEqual([1, 2, 3].map((number) => ['', number]));
    sent[1]!.grant('second');
    await turn();
    // Of what was under way already, the first answer counts.
    sent[0]!.grant('first');
    sent[2]!.grant('third');
    await Promise.all(writes);
    for (const name of ['b', 'c']) {
      const write = writer.write(drawn(name));
      await turn();
      sent.at(-1)!.answer();
      await write;
    }
    expect(links().slice(3)).toEqual([
      ['second', 1],
      ['second', 2],
    ]);
    // That chain has ended.
    const ended = writer.write(drawn('d'));
    await turn();
    sent.at(-1)!.grant('fourth');
    await ended;
    const failed = writer.write(drawn('e'));
    await turn();
    sent.at(-1)!.fail(new Error('lost'));
    await expect(failed).rejects.toThrow('lost');
    void writer.write(drawn('f'));
    await turn();
    expect(links().slice(5)).toEqual([
      ['second', 3],
      ['fourth', 1],
      // Without an answer nothing is known of the chain.
      ['', 1],
    ]);
  });

  it('has no chain for ids that others may know, nor for few tasks', async () => {
    const { writer, sent } = fakeRedis();
    void writer.write([...many('a', 30, { isIdDrawn: true }), newJob('chosen')]);
    await turn();
    void writer.write(many('b', 19, { isIdDrawn: true }));
    await turn();
    expect(sent.map(({ link }) => link)).toEqual([
      ['', ''],
      ['', ''],
    ]);
  });

  it('has settled when all has been answered', async () => {
    const { writer, sent } = fakeRedis();
    const write = writer.write([newJob('a')]);
    let hasSettled = false;
    const settled = writer.settled().then(() => (hasSettled = true));
    await turn();
    expect(hasSettled).toBe(false);
    sent[0]!.answer();
    await settled;
    expect(await write).toEqual(['a']);
  });
});
