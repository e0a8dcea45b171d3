import { describe, expect, it } from '@jest/globals';
import type { LuaScriptName } from '../../../src/redis/generated/lua-sources.js';
import { seededSources, shippedSources, testBuild } from '../../support/history/test-scripts.js';

const { witnessed, bugs } = testBuild();
const names = Object.keys(shippedSources) as LuaScriptName[];

const withoutWitness = (lua: string): string =>
  lua
    .split('\n')
    .filter((line) => !line.endsWith(' --- @witness'))
    .join('\n');

describe('the test build of the scripts', () => {
  it('has every script', () => {
    expect(Object.keys(witnessed).sort()).toEqual([...names].sort());
  });

  it.each(names)('%s is the shipped one, byte for byte, without the lines of the witness', (name) => {
    expect(withoutWitness(witnessed[name].lua)).toBe(shippedSources[name].lua);
    expect(witnessed[name].numberOfKeys).toBe(shippedSources[name].numberOfKeys);
  });

  it('has a witness in the scripts of workers and elections', () => {
    const have = names.filter((name) => witnessed[name].lua !== shippedSources[name].lua);
    expect(have).toEqual(
      expect.arrayContaining([
        'acquireLeadership',
        'leaveWorker',
        'recoverWorker',
        'registerWorker',
        'renewLeadership',
        'resignLeadership',
        'retireWorker',
      ]),
    );
  });
});

describe('the seeded mistakes', () => {
  it.each(Object.keys(bugs))('%s changes its scripts and no others', (bug) => {
    const sources = seededSources(bug);
    const changed = names.filter((name) => sources[name].lua !== witnessed[name].lua);
    expect(changed.length).toBeGreaterThan(0);
    expect(changed.sort()).toEqual((Object.keys(bugs[bug]!) as LuaScriptName[]).sort());
  });

  it('leave nothing in what is shipped', () => {
    const all = names.map((name) => shippedSources[name].lua).join('\n');
    expect(all).not.toMatch(/@bug|@witness|witness\(/);
  });
});
