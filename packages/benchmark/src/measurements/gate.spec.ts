import { describe, expect, it } from '@jest/globals';
import { Gate } from './gate.js';

/** Lanes that run one task after the other, as workers do. */
function runLanes(gate: Gate, lanes: number): { readonly ended: () => number } {
  let ended = 0;
  const runLane = async (): Promise<void> => {
    for (;;) {
      await gate.handler({ tag: '', payload: { n: 0, filler: '' } });
      ended += 1;
      await Promise.resolve();
    }
  };
  for (let lane = 0; lane < lanes; lane += 1) void runLane();
  return { ended: () => ended };
}

describe('Gate', () => {
  it('lets exactly as many pass as it is told, and then holds all lanes', async () => {
    const gate = new Gate();
    const passing = gate.pass(7, 3);
    const lanes = runLanes(gate, 3);
    await passing;
    expect(lanes.ended()).toBe(7);
    await gate.pass(5, 3);
    expect(lanes.ended()).toBe(12);
  });

  it('lets fewer pass than there are lanes', async () => {
    const gate = new Gate();
    const lanes = runLanes(gate, 3);
    await gate.pass(1, 3);
    expect(lanes.ended()).toBe(1);
    await gate.pass(0, 3);
    expect(lanes.ended()).toBe(1);
  });
});
