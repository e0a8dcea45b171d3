import { describe, expect, it } from '@jest/globals';
import type { PhaseProfile } from '../../profile/phase-profile.js';
import { phaseTable } from './profile.js';

const profile: PhaseProfile = {
  phase: 'process',
  tasks: 100,
  seconds: 1,
  node: {
    byPackage: [
      { name: '(idle)', micros: 300 },
      { name: 'too little to show', micros: 1 },
    ],
    byFunction: [{ name: '<static|of>', micros: 150 }],
  },
  redis: { byScript: [{ name: 'takeTask', calls: 25, micros: 1_000 }], byCommand: [] },
};

describe('phaseTable', () => {
  it('shows time per task and per call', () => {
    expect(phaseTable(profile, 'scripts')).toContain('| `takeTask` | 0.250        | 10.00     | 40.0      |');
  });

  it('leaves out what says nothing', () => {
    expect(phaseTable(profile, 'packages')).toBe(
      '| package  | µs a task |\n| -------- | --------- |\n| `(idle)` | 3.00      |',
    );
  });

  it('shows names as they are', () => {
    expect(phaseTable(profile, 'functions')).toContain('| `<static\\|of>` | 1.50 ');
  });

  it('refuses a part that there is not', () => {
    expect(() => phaseTable(profile, 'threads' as 'packages')).toThrow('no part "threads"');
  });
});
