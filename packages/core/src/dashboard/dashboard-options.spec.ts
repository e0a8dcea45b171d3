import { describe, expect, it } from '@jest/globals';
import { InvalidOptionsError } from '../errors/errors.js';
import { DashboardModule } from './dashboard.module.js';
import { resolveMount, resolveSettings } from './dashboard-options.js';

const guard = { canActivate: () => true };
class Guard {
  canActivate(): boolean {
    return true;
  }
}

describe('the options of the dashboard', () => {
  it('are refused without a guard, in words that say what to do', () => {
    for (const register of [
      () => DashboardModule.register(),
      () => DashboardModule.register({ guard: [] }),
    ]) {
      expect(register).toThrow(InvalidOptionsError);
      expect(register).toThrow(/DashboardModule guard: got none, allowed: a guard.*allowUnguarded: true/);
    }
    expect(() => DashboardModule.registerAsync({ useFactory: () => ({}) })).toThrow(InvalidOptionsError);
  });

  it('take a guard, several, or the word that there need be none', () => {
    expect(resolveMount({ guard }).guards).toEqual([guard]);
    expect(resolveMount({ guard: [Guard, guard] }).guards).toEqual([Guard, guard]);
    expect(resolveMount({ allowUnguarded: true })).toEqual({ path: 'queues', guards: [], imports: [] });
  });

  it.each([
    [{ guard: 'admin' }, 'guard'],
    [{ guard: null }, 'guard'],
    [{ guard, path: '/' }, 'path'],
    [{ guard, path: '/a/:id' }, 'path'],
    [{ guard, path: 7 }, 'path'],
  ])('refuse %j', (given, option) => {
    expect(() => resolveMount(given as never)).toThrow(`Invalid option DashboardModule ${option}`);
  });

  it.each([
    [{ readOnly: 'no' }, 'readOnly'],
    [{ title: '' }, 'title'],
    [{ title: 'x'.repeat(101) }, 'title'],
  ])('refuse %j', (given, option) => {
    expect(() => resolveSettings(given as never)).toThrow(`Invalid option DashboardModule ${option}`);
  });

  it('are read-only unless they say otherwise', () => {
    expect(resolveSettings({})).toEqual({ readOnly: true, title: 'Affinity queues' });
    expect(resolveSettings({ readOnly: false }).readOnly).toBe(false);
  });
});
