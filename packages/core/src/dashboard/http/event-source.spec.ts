import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { EventSourceStream, longestMs } from './event-source.js';
import type { HttpResponse } from './exchange.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

function response() {
  const raw = new ServerResponse(new IncomingMessage(new Socket()));
  const wire = new PassThrough();
  raw.assignSocket(wire as unknown as Socket);
  const sent = (): string => String(wire.read() ?? '');
  return { raw, response: raw as unknown as HttpResponse, sent };
}

describe('a stream of events', () => {
  it('sends events to a viewer who is there', () => {
    const { response: to, sent } = response();
    const stream = new EventSourceStream(to, () => undefined);
    stream.send('state', '{"a":1}');
    stream.close();
    expect(sent()).toMatch(/^HTTP\/1\.1 200 OK[^]*text\/event-stream[^]*event: state\ndata: \{"a":1\}\n\n/);
  });

  it('is over from the start where the viewer has left', () => {
    const { raw, response: to } = response();
    raw.destroy();
    const onClose = jest.fn();
    const stream = new EventSourceStream(to, onClose);
    stream.send('state', '{}');
    stream.close();
    expect(stream.isOpen).toBe(false);
    expect(raw.headersSent).toBe(false);
    expect(onClose).not.toHaveBeenCalled();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('asks its viewer to come again after some minutes, when the guard is asked again', () => {
    const { raw, response: to, sent } = response();
    const onClose = jest.fn();
    const stream = new EventSourceStream(to, onClose);
    jest.advanceTimersByTime(longestMs - 1);
    expect(stream.isOpen).toBe(true);
    jest.advanceTimersByTime(1);
    expect(sent()).toMatch(/event: renew\n/);
    expect([stream.isOpen, raw.writableEnded]).toEqual([false, true]);
    expect(onClose).toHaveBeenCalledTimes(1);
  });

  it('leaves no timer behind', () => {
    const { raw, response: to } = response();
    const onClose = jest.fn();
    const stream = new EventSourceStream(to, onClose);
    raw.emit('close');
    stream.close();
    expect(jest.getTimerCount()).toBe(0);
    expect(onClose).toHaveBeenCalledTimes(1);
  });
});
