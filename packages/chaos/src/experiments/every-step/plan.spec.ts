import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { installedScripts } from '../../witness/test-build.js';
import { packageFolder } from '../../paths.js';
import { KeptSteps } from './kept-steps.js';
import { planEpisodes } from './plan.js';
import { describeStep, places, type Place, type Step } from './step.js';
import { unsentScripts } from './unsent-scripts.js';

/** The census that the published chunks go by. */
const kept = new KeptSteps(join(packageFolder, 'every-step-1.json'));
const steps = Object.fromEntries(places.map((place) => [place, kept.of(place) ?? []])) as unknown as Record<
  Place,
  Step[]
>;
const sent = new Set(Object.values(steps).flatMap((all) => all.map(({ name }) => name)));

describe('the census', () => {
  it('has every script that there is, but those that are excluded with a reason', async () => {
    const { own } = await installedScripts();
    const met = own.filter((name) => sent.has(name));
    expect([...met, ...Object.keys(unsentScripts)].sort()).toEqual([...own].sort());
  });

  it('knows by name every script of BullMQ that is sent', async () => {
    const { bullmq } = await installedScripts();
    const theirs = [...sent].filter((name) => name.startsWith('bullmq:'));
    expect(theirs).toContain('bullmq:addStandardJob');
    expect(bullmq).toEqual(expect.arrayContaining(theirs));
    expect([...sent].filter((name) => /^eval(sha)?$/.test(name))).toEqual([]);
  });

  it('was taken in both places, and on one host deaths are reported', () => {
    expect(steps['one host'].map(describeStep)).toEqual(
      expect.arrayContaining(['worker, working: reportDeath', 'scheduler, working: reportDeath']),
    );
    expect(steps.apart.filter(({ name }) => name === 'reportDeath')).toEqual([]);
  });
});

describe('the plan', () => {
  const planned = planEpisodes(steps, 1, 3);
  const points = planned.flatMap(({ place, points: own }) => own.map((point) => ({ place, ...point })));

  it('has every step before and after, three times, each where it is sent', () => {
    const names = new Set(Object.values(steps).flatMap((all) => all.map(describeStep)));
    for (const name of names) {
      for (const when of ['before', 'after']) {
        const own = points.filter((point) => describeStep(point) === name && point.when === when);
        expect([name, own.length]).toEqual([name, 3]);
        for (const { place } of own) expect(steps[place].map(describeStep)).toContain(name);
      }
    }
    expect(points).toHaveLength(6 * names.size);
  });

  it('is the same for the same steps and seed, and another one for another seed', () => {
    expect(planEpisodes(steps, 1, 3)).toEqual(planned);
    expect(planEpisodes(steps, 2, 3)).not.toEqual(planned);
  });
});
