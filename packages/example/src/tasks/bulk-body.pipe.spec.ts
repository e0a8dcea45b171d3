import { BadRequestException } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { BulkBodyPipe } from './bulk-body.pipe.js';

const pipe = new BulkBodyPipe();
const task = { type: 'process-data', identifyTag: 'a', payload: { amount: 1 } };

function messagesOf(body: unknown): string[] {
  try {
    pipe.transform(body);
    return [];
  } catch (error) {
    if (!(error instanceof BadRequestException)) throw error;
    return [(error.getResponse() as { message: string | string[] }).message].flat();
  }
}

describe('BulkBodyPipe', () => {
  it('takes an array and leaves the tasks as they are', () => {
    expect(pipe.transform([task, task])).toEqual([task, task]);
  });

  it('takes NDJSON, with or without a last line break, with empty lines and CRLF', () => {
    const line = JSON.stringify(task);
    expect(pipe.transform(`${line}\n\n${line}\r\n`)).toEqual([task, task]);
    expect(pipe.transform(`${line}\n${line}`)).toHaveLength(2);
  });

  it('takes nothing as no tasks', () => {
    expect(pipe.transform([])).toEqual([]);
    expect(pipe.transform('')).toEqual([]);
  });

  it('names the line and the field', () => {
    const lines = [JSON.stringify(task), '{"type":"process-data","identifyTag":"","payload":{}}', 'no JSON'];
    expect(messagesOf(lines.join('\n'))).toEqual([
      'line 2: identifyTag: must not be empty',
      expect.stringContaining('line 3: '),
    ]);
  });

  it('names the index in an array', () => {
    expect(messagesOf([task, 3])).toEqual([expect.stringContaining('[1]: ')]);
  });

  it('stops after some messages', () => {
    const messages = messagesOf(Array.from({ length: 1_000 }, () => 3));
    expect(messages.length).toBeLessThan(25);
    expect(messages.at(-1)).toBe('… and possibly more');
  });

  it.each([[undefined], [{}], [{ a: 1 }], [3]])('refuses %j', (body) => {
    expect(messagesOf(body)).toEqual([expect.stringContaining('NDJSON')]);
  });
});
