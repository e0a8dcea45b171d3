import { describe, expect, it } from '@jest/globals';
import type { Telemetry } from 'bullmq';
import { traceAdds } from './trace-adds.js';

/** Notes what a tracer is told; a context is a text. */
function fakeTelemetry() {
  const said: unknown[] = [];
  const span = {
    setSpanOnContext: (context: string) => `${context}/span`,
    setAttribute: (key: string, value: unknown) => said.push([key, value]),
    setAttributes: (attributes: object) => said.push(attributes),
    addEvent: () => undefined,
    recordException: (error: unknown) => said.push(error),
    end: () => said.push('end'),
  };
  const telemetry = {
    tracer: {
      startSpan: (name: string, { kind }: { kind: number }) => {
        said.push([name, kind]);
        return span;
      },
    },
    contextManager: {
      active: () => 'app',
      getMetadata: (context: string) => `of ${context}`,
      with: (_context: string, run: () => unknown) => run(),
    },
  };
  return { said, telemetry: telemetry as unknown as Telemetry };
}

describe('traceAdds', () => {
  it('gives one task its trace, under a span as BullMQ makes it', async () => {
    const { said, telemetry } = fakeTelemetry();
    const ids = await traceAdds(telemetry, 'q')({ operation: 'add', names: ['note'] }, async (metadata) => {
      expect(metadata).toBe('of app/span');
      return ['1'];
    });
    expect(ids).toEqual(['1']);
    expect(said).toEqual([
      ['add q.note', 3],
      { 'bullmq.queue.name': 'q', 'bullmq.queue.operation': 'add', 'bullmq.job.name': 'note' },
      ['bullmq.job.id', '1'],
      'end',
    ]);
  });

  it('has one span for many tasks, which ends also when they could not be added', async () => {
    const { said, telemetry } = fakeTelemetry();
    const failure = new Error('no');
    const adding = traceAdds(telemetry, 'q')({ operation: 'addBulk', names: ['a', 'b'] }, async () => {
      throw failure;
    });
    await expect(adding).rejects.toBe(failure);
    expect(said).toEqual([
      ['addBulk q', 3],
      expect.objectContaining({ 'bullmq.job.bulk.names': ['a', 'b'], 'bullmq.job.bulk.count': 2 }),
      failure,
      'end',
    ]);
  });
});
