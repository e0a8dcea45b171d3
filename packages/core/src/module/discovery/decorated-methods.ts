import 'reflect-metadata';

/** What a decorator of this library asks for, kept with the method that it stands on. */
export interface MethodMark<Value> {
  set(value: Value): MethodDecorator;
  /** What the decorators on a method ask for, in the order in which they are written. */
  of(method: unknown): readonly Value[];
}

/** A decorator may stand on a method several times, each time with another value. */
export function methodMark<Value>(name: string): MethodMark<Value> {
  const key = `AffinityQueue:${name}`;
  const read = (method: object): readonly Value[] =>
    (Reflect.getMetadata(key, method) as readonly Value[] | undefined) ?? [];
  return {
    set:
      (value) =>
      (_target, _property, { value: method }: PropertyDescriptor) => {
        // Decorators are applied from the last to the first.
        Reflect.defineMetadata(key, [value, ...read(method as object)], method as object);
      },
    of: (method) => (typeof method === 'function' ? read(method) : []),
  };
}
