import { describe, expect, it } from '@jest/globals';
import { LeaseLostError, NotTaskOwnerError, WorkerFencedError } from '../errors/index.js';
import type { QueueScripts } from '../redis/queue-scripts.js';
import { isScriptFault, LaneChannel, type LaneCall } from './lane-channel.js';

const call: LaneCall = { script: 'commitTask', keys: ['key'], args: [1] };

/** A channel to a Redis that answers one after the other with these, and with 'ok' from then on. */
function channelTo(...answers: unknown[]) {
  const sent: unknown[] = [];
  const errors: unknown[] = [];
  let fenced = 0;
  const scripts = {
    run: async (name: string, given: unknown) => {
      sent.push([name, given]);
      const answer = answers.length > 0 ? answers.shift() : 'ok';
      if (answer instanceof Error) throw answer;
      return answer;
    },
  } as unknown as QueueScripts;
  const channel = new LaneChannel(scripts, {
    workerId: 'worker-1',
    maxWriteBytes: 1_000,
    onMalformed: () => undefined,
    completions: { commit: () => Promise.resolve(0), endPauses: () => undefined },
    runsShortTasks: () => false,
    holdsBatch: () => false,
    beforeGivingBack: () => Promise.resolve(),
    onFenced: () => (fenced += 1),
    onError: (error) => errors.push(error),
  });
  return { channel, sent, errors, timesFenced: () => fenced };
}

describe('LaneChannel', () => {
  it('sends in the name of the worker', async () => {
    const { channel, sent } = channelTo('reply');
    expect(await channel.send(call)).toBe('reply');
    expect(sent).toEqual([
      ['commitTask', { caller: 'worker-1', keys: ['key'], args: [1], context: { workerId: 'worker-1' } }],
    ]);
  });

  it('sends a commit again until it is answered, and reports what kept it', async () => {
    const faults = [new Error('Command timed out'), new Error('READONLY')];
    const { channel, sent, errors } = channelTo(...faults);
    expect(await channel.sendUntilAnswered(call)).toBe('ok');
    expect(sent).toHaveLength(3);
    expect(errors).toEqual(faults);
  });

  it.each([new WorkerFencedError({ workerId: 'worker-1' }), new NotTaskOwnerError({})])(
    'takes a refusal for an answer: %p',
    async (refusal) => {
      const { channel, sent, errors } = channelTo(refusal);
      await expect(channel.sendUntilAnswered(call)).rejects.toBe(refusal);
      expect(sent).toHaveLength(1);
      expect(errors).toEqual([]);
    },
  );

  it('sends no more than three times what the script itself fails on', async () => {
    const fault = new Error('ERR user_script:12: bad argument script: 5f, on @user_script:12.');
    const { channel, sent, errors } = channelTo(fault, new Error('READONLY'), fault, fault);
    await expect(channel.sendUntilAnswered(call)).rejects.toBe(fault);
    expect(sent).toHaveLength(4);
    expect(errors).toHaveLength(3);
  });

  it.each([
    ['ERR user_script:12: bad argument script: 5f, on @user_script:12.', true],
    ['ERR Error running script (call to f_5f): @user_script:1: user_script:1: x', true],
    [
      'WRONGTYPE Operation against a key holding the wrong kind of value script: 5f, on @user_script:1.',
      true,
    ],
    ["OOM command not allowed when used memory > 'maxmemory'. script: 5f, on @user_script:1.", false],
    ['READONLY You can not write against a read only replica. script: 5f, on @user_script:1.', false],
    ['MISCONF Redis is configured to save RDB snapshots, script: 5f', false],
    ['ERR max number of clients reached', false],
    ['Command timed out', false],
  ])('tells whether a script fails by itself: %s', (message, expected) => {
    expect(isScriptFault(new Error(message))).toBe(expected);
  });

  it('says when the worker is fenced', async () => {
    const { channel, timesFenced } = channelTo(new WorkerFencedError({}), new Error('other'));
    await expect(channel.send(call)).rejects.toThrow(WorkerFencedError);
    await expect(channel.send(call)).rejects.toThrow('other');
    expect(timesFenced()).toBe(1);
  });

  it('sends nothing without a lease', async () => {
    const { channel, sent } = channelTo();
    channel.abandon(new Error('gone'));
    await expect(channel.send(call)).rejects.toThrow(LeaseLostError);
    await expect(channel.sendUntilAnswered(call)).rejects.toThrow('gone');
    expect(sent).toEqual([]);
  });

  it('does not keep a handler waiting for an answer when the lease goes', async () => {
    const { channel, sent } = channelTo('first', new Promise(() => undefined));
    expect(await channel.sendWhileLeased(call)).toBe('first');
    const write = channel.sendWhileLeased(call);
    const settled = expect(write).rejects.toThrow(LeaseLostError);
    await Promise.resolve();
    channel.abandon(new Error('gone'));
    await settled;
    expect(sent).toHaveLength(2);
    await expect(channel.sendWhileLeased(call)).rejects.toThrow(LeaseLostError);
    expect(sent).toHaveLength(2);
  });

  it('gives a commit up when the lease goes while it waits to send again', async () => {
    const { channel, sent } = channelTo(...Array.from({ length: 20 }, () => new Error('down')));
    const commit = channel.sendUntilAnswered(call);
    const settled = expect(commit).rejects.toThrow('gone');
    await Promise.resolve();
    channel.abandon(new Error('gone'));
    await settled;
    expect(sent).toHaveLength(1);
  });

  it('gives a take up once its answer does not matter any more', async () => {
    let vain = false;
    const { channel, sent } = channelTo(...Array.from({ length: 20 }, () => new Error('READONLY')));
    const take = channel.sendUntilAnswered(call, () => vain);
    await new Promise((resolve) => setImmediate(resolve));
    vain = true;
    channel.endPauses();
    expect(await take).toBeUndefined();
    expect(sent).toHaveLength(1);
    expect(await channel.sendUntilAnswered(call, () => true)).toBeUndefined();
    expect(sent).toHaveLength(1);
  });
});
