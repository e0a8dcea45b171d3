import { describe, expect, it } from '@jest/globals';
import {
  HandlerAlreadyRegisteredError,
  InvalidHandlerError,
  UnknownTaskTypeError,
} from '../errors/errors.js';
import { HandlerRegistry } from './handler-registry.js';

describe('HandlerRegistry', () => {
  it('finds a handler by its type, whatever that is called', () => {
    const registry = new HandlerRegistry();
    for (const type of ['send', '__proto__', 'constructor', 'with space'])
      registry.register(type, () => type);
    expect(registry.handlerOf('__proto__')({}, {} as never)).toBe('__proto__');
    expect(registry.types).toEqual(['__proto__', 'constructor', 'send', 'with space']);
  });

  it('names the types that there are when it has none for this one', () => {
    const registry = new HandlerRegistry();
    registry.register('b', () => 1);
    registry.register('a', () => 1);
    expect(() => registry.handlerOf('toString')).toThrow(UnknownTaskTypeError);
    expect(() => registry.handlerOf('c')).toThrow(/a\W+b/);
  });

  it('refuses a second handler of a type', () => {
    const registry = new HandlerRegistry();
    registry.register('a', () => 1);
    expect(() => registry.register('a', () => 2)).toThrow(HandlerAlreadyRegisteredError);
    expect(registry.handlerOf('a')({}, {} as never)).toBe(1);
  });

  const handler = (): number => 1;
  it.each([
    ['', handler],
    [undefined, handler],
    ['a', undefined],
    ['a', 'no function'],
  ])('refuses %j with %p', (type, given) => {
    expect(() => new HandlerRegistry().register(type!, given as never)).toThrow(InvalidHandlerError);
  });
});
