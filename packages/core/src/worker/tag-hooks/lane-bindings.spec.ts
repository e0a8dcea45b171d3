import { describe, expect, it } from '@jest/globals';
import { gate } from '../../../test/support/until.js';
import type { BoundTag } from './bound-tag.js';
import { LaneBindings } from './lane-bindings.js';
import { TagHookRegistry } from './tag-hook-registry.js';
import type { TagHooks } from './tag-hooks.js';

const wanted = (): void => undefined;

interface Given {
  readonly hooks?: readonly TagHooks[];
  readonly checkLease?: () => void;
  readonly longestReleaseMs?: number;
}

function setting({ hooks = [], checkLease = () => undefined, longestReleaseMs = 0 }: Given = {}) {
  const registry = new TagHookRegistry();
  for (const each of hooks) registry.register(each);
  const failures: unknown[] = [];
  const bindings = new LaneBindings({
    hooks: registry,
    queue: 'mails',
    workerId: 'w1',
    longestReleaseMs,
    checkLease,
    onReleaseFailed: ({ identifyTag }, error) => failures.push([identifyTag, error]),
  });
  const enter = (fencingToken = 1): BoundTag =>
    bindings.enter({ identifyTag: 't', fencingToken, batchSize: 3 })!;
  return { bindings, registry, failures, enter };
}

/** Hooks that write down what happens to them. */
function noted(diary: string[], name: string): TagHooks {
  return {
    bound: () => void diary.push(`bound ${name}`),
    released: ({ reason }) => void diary.push(`released ${name}: ${reason}`),
  };
}

describe('the bindings of a lane', () => {
  it('are none where no hook is registered, until one is', async () => {
    const { bindings, registry, enter } = setting();
    expect([enter(), bindings.isOpen]).toEqual([undefined, false]);
    const diary: string[] = [];
    registry.register(noted(diary, 'a'));
    await enter().run(wanted, () => 1);
    expect(bindings.isOpen).toBe(true);
    await bindings.leave('limit');
    expect([bindings.isOpen, diary]).toEqual([false, ['bound a', 'released a: limit']]);
  });

  it('open a batch once, and call hooks that are registered meanwhile before the next handler', async () => {
    const diary: string[] = [];
    const { bindings, registry, enter } = setting({ hooks: [noted(diary, 'a')] });
    await enter().run(wanted, () => diary.push('one'));
    registry.register(noted(diary, 'b'));
    await enter().run(wanted, () => diary.push('two'));
    await bindings.leave('empty');
    expect(diary).toEqual(['bound a', 'one', 'bound b', 'two', 'released b: empty', 'released a: empty']);
  });

  it('release a batch once, for the first reason', async () => {
    const diary: string[] = [];
    const { bindings, enter } = setting({ hooks: [noted(diary, 'a')] });
    const bound = enter();
    await bound.run(wanted, () => 1);
    await Promise.all([bindings.leave('retry'), bindings.leave('lost'), bound.release('shutdown')]);
    await bindings.leave('shutdown');
    expect(diary).toEqual(['bound a', 'released a: retry']);
  });

  it('release nothing where no handler was to run', async () => {
    const diary: string[] = [];
    const { bindings, enter } = setting({ hooks: [noted(diary, 'a')] });
    enter();
    await bindings.leave('shutdown');
    expect(diary).toEqual([]);
  });

  it('release the batch before where another one is entered without a word', async () => {
    const diary: string[] = [];
    const { bindings, enter } = setting({ hooks: [noted(diary, 'a')] });
    await enter(1).run(wanted, () => 1);
    await enter(2).run(wanted, () => 1);
    await bindings.leave('limit');
    expect(diary.sort()).toEqual(['bound a', 'bound a', 'released a: empty', 'released a: limit']);
  });

  it('give every hook the same frozen description, without what it does not need', async () => {
    const seen: object[] = [];
    const hooks = { bound: (it: object) => void seen.push(it), released: (it: object) => void seen.push(it) };
    const { bindings, enter } = setting({ hooks: [hooks] });
    await enter(7).run(wanted, () => 1);
    await bindings.leave('limit');
    const binding = { queue: 'mails', identifyTag: 't', workerId: 'w1', fencingToken: 7, batchSize: 3 };
    expect(seen).toEqual([binding, { ...binding, reason: 'limit' }]);
    expect(seen.map((each) => Object.isFrozen(each))).toEqual([true, true]);
  });

  it('call hooks as methods of what was registered', async () => {
    class Clients {
      readonly open: string[] = [];
      bound({ identifyTag }: { identifyTag: string }): void {
        this.open.push(identifyTag);
      }
    }
    const clients = new Clients();
    await setting({ hooks: [clients] })
      .enter()
      .run(wanted, () => 1);
    expect(clients.open).toEqual(['t']);
  });
});

describe('a bound hook', () => {
  it('runs once for attempts that come while it runs', async () => {
    const slow = gate();
    let calls = 0;
    const { enter } = setting({ hooks: [{ bound: () => ((calls += 1), slow.promise) }] });
    const runs = [1, 2].map((n) => enter().run(wanted, () => n));
    slow.open();
    expect([await Promise.all(runs), calls]).toEqual([[1, 2], 1]);
  });

  it('that ends after its attempt was given up is followed by no other and by no handler, and is released', async () => {
    const slow = gate();
    const diary: string[] = [];
    const first = { ...noted(diary, 'a'), bound: () => slow.promise };
    const { bindings, enter } = setting({ hooks: [first, noted(diary, 'b')] });
    let isWanted = true;
    const run = enter().run(
      () => {
        if (!isWanted) throw new Error('timed out');
      },
      () => diary.push('handler'),
    );
    isWanted = false;
    await bindings.leave('retry');
    expect(diary).toEqual([]);
    slow.open();
    await expect(run).rejects.toThrow('timed out');
    const other = enter(2).run(wanted, () => diary.push('next'));
    await other;
    await bindings.leave('limit');
    expect(diary).toContain('released a: retry');
    expect(diary).not.toContain('handler');
    expect(diary.filter((row) => row.endsWith('b'))).toEqual(['bound b']);
  });

  it('is followed by no handler where the lease was lost meanwhile', async () => {
    let lost = false;
    const reason = new Error('the lease is over');
    const { enter } = setting({ hooks: [{ bound: () => void (lost = true) }] });
    const handled: string[] = [];
    const run = enter().run(
      () => {
        if (lost) throw reason;
      },
      () => handled.push('handler'),
    );
    await expect(run).rejects.toBe(reason);
    expect(handled).toEqual([]);
  });

  it('asks for the lease before every step', async () => {
    const diary: string[] = [];
    const hooks = [noted(diary, 'a'), noted(diary, 'b')];
    const { enter } = setting({ hooks, checkLease: () => void diary.push('lease?') });
    await enter().run(wanted, () => diary.push('handler'));
    expect(diary).toEqual(['lease?', 'bound a', 'lease?', 'bound b', 'lease?', 'handler']);
  });
});

describe('a release hook', () => {
  it('runs after a handler that nobody waits for, and is not waited for then', async () => {
    const slow = gate();
    const diary: string[] = [];
    const { bindings, enter } = setting({ hooks: [noted(diary, 'a')] });
    const run = enter().run(wanted, async () => {
      await slow.promise;
      diary.push('handler');
    });
    await bindings.leave('retry');
    slow.open();
    await run;
    await bindings.leave('lost');
    await new Promise(setImmediate);
    expect(diary).toEqual(['bound a', 'handler', 'released a: retry']);
  });

  it('waits for a handler that joined the batch while another one still ran that nobody waits for', async () => {
    const [slow, other] = [gate(), gate()];
    const diary: string[] = [];
    const { bindings, enter } = setting({ hooks: [noted(diary, 'a')] });
    const first = enter().run(wanted, () => slow.promise);
    await bindings.leave('empty');
    const second = enter().run(wanted, async () => {
      await other.promise;
      diary.push('joined');
    });
    slow.open();
    await first;
    await new Promise(setImmediate);
    expect(diary).toEqual(['bound a']);
    other.open();
    await second;
    await bindings.leave('limit');
    expect(diary).toEqual(['bound a', 'joined', 'released a: limit']);
  });

  it('has ended before the batch is opened anew, however long it takes', async () => {
    const slow = gate();
    const diary: string[] = [];
    const hooks = noted(diary, 'a');
    const { bindings, enter } = setting({
      hooks: [{ ...hooks, released: (release) => slow.promise.then(() => hooks.released?.(release)) }],
      longestReleaseMs: 10,
    });
    await enter().run(wanted, () => 1);
    await bindings.leave('empty');
    const joined = enter().run(wanted, () => diary.push('joined'));
    await new Promise(setImmediate);
    expect(diary).toEqual(['bound a']);
    slow.open();
    await joined;
    await bindings.leave('limit');
    expect(diary).toEqual(['bound a', 'released a: empty', 'bound a', 'joined', 'released a: limit']);
  });

  it('is waited for no longer than it may take', async () => {
    const slow = gate();
    const { bindings, enter } = setting({ hooks: [{ released: () => slow.promise }], longestReleaseMs: 10 });
    await enter().run(wanted, () => 1);
    await bindings.leave('limit');
    await enter(2).run(wanted, () => 2);
    expect(bindings.isOpen).toBe(true);
    slow.open();
  });

  it('that fails is told of, whether it throws or rejects', async () => {
    const [thrown, rejected] = [new Error('thrown'), new Error('rejected')];
    const { bindings, failures, enter } = setting({
      hooks: [
        {
          released: () => {
            throw thrown;
          },
        },
        { released: () => Promise.reject(rejected) },
      ],
    });
    await enter().run(wanted, () => 1);
    await bindings.leave('limit');
    expect(failures).toEqual([['t', rejected], ['t', thrown]]); // prettier-ignore
  });
});
