import { describe, expect, it } from '@jest/globals';
import type { CommandWatch } from '../../proxy/instance-proxy.js';
import type { InstanceProcess } from '../../stage/instance-process.js';
import { ArmedPoints } from './armed-points.js';
import type { Point } from './step.js';

const point: Point = {
  ...{ part: 'worker', phase: 'working', name: 'beat' },
  ...{ when: 'after', occurrence: 3 },
};

/** As far as points look at it. */
function instanceOf(role: string, phase: string) {
  const proxy: { watch?: CommandWatch } = {};
  return { proxy, phase, setup: { role }, tellToStop: () => Promise.resolve(`${role} is told to stop`) };
}

function stage() {
  const killed: string[] = [];
  const armed = new ArmedPoints((_, detail) => {
    killed.push(detail);
    return Promise.resolve();
  });
  const watched = (role: string, phase: string): CommandWatch => {
    const instance = instanceOf(role, phase);
    armed.watch(instance as unknown as InstanceProcess);
    return instance.proxy.watch!;
  };
  return { armed, killed, watched };
}

describe('a point', () => {
  it('is met at its occurrence, by its part, in its phase, once', async () => {
    const { armed, killed, watched } = stage();
    const [worker, other, starting] = [
      watched('WORKER', 'working'),
      watched('SCHEDULER', 'working'),
      watched('WORKER', 'starting'),
    ];
    expect(worker('beat')).toBeUndefined();
    const one = armed.arm(point);
    for (const watch of [other, starting]) expect(watch('beat')).toBeUndefined();
    expect(worker('takeTask')).toBeUndefined();
    expect([worker('beat'), worker('beat')]).toEqual([undefined, undefined]);
    const interception = worker('beat');
    expect(interception?.when).toBe('after');
    expect(worker('beat')).toBeUndefined();
    interception?.strike();
    await one.struck;
    expect(killed).toEqual(['worker, working: beat, after']);
  });

  it('that does not come that often is met when it comes next', () => {
    const { armed, watched } = stage();
    const worker = watched('WORKER', 'working');
    const one = armed.arm(point);
    expect(worker('beat')).toBeUndefined();
    one.settleForFirst();
    expect(worker('beat')?.when).toBe('after');
  });

  it('of a stop that does not come by itself is met under way: its process is told to stop meanwhile', async () => {
    const { armed, watched } = stage();
    const worker = watched('WORKER', 'working');
    const one = armed.arm({ ...point, phase: 'stopping', occurrence: 1 });
    expect(worker('beat')).toBeUndefined();
    one.meetUnderWay();
    expect(watched('WORKER', 'starting')('beat')).toBeUndefined();
    expect(watched('SCHEDULER', 'working')('beat')).toBeUndefined();
    expect(await worker('beat')?.hold?.()).toBe('WORKER is told to stop');
  });

  it('that comes by itself holds nothing up', () => {
    const { armed, watched } = stage();
    armed.arm({ ...point, occurrence: 1 });
    const interception = watched('WORKER', 'working')('beat');
    expect(interception).toBeDefined();
    expect(interception?.hold).toBeUndefined();
  });

  it('of another part is armed beside it, and none is left after it was disarmed', () => {
    const { armed, watched } = stage();
    const [worker, scheduler] = [watched('WORKER', 'working'), watched('SCHEDULER', 'working')];
    armed.arm({ ...point, occurrence: 1 });
    armed.arm({ ...point, part: 'scheduler', name: 'dispatch', occurrence: 1 });
    armed.disarm(point);
    expect(worker('beat')).toBeUndefined();
    expect(scheduler('dispatch')?.when).toBe('after');
  });
});
