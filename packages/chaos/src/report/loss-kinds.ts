/** What is counted when Redis loses data. */
export const lossKinds = [
  {
    sample: 'lostByAlways',
    what: 'power loss, `appendfsync always`: acknowledged tasks that are gone',
    promise: 'none',
  },
  {
    sample: 'lostByEverysec',
    what: 'power loss, `appendfsync everysec`: acknowledged tasks that are gone',
    promise: 'those of the last 2 s at most',
  },
  {
    sample: 'lostAge',
    what: 'how long before it these had been acknowledged, ms',
    promise: '2,000 at most',
  },
  {
    sample: 'lostByPromotion',
    what: 'promotion of a replica that was cut off: acknowledged tasks that are gone',
    promise: 'none is made',
  },
] as const;
