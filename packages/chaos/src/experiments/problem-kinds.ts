/** The queue does not go on. */
const stands = ['a queue that did not drain', 'a standstill after a fault'] as const;

/** What the texts of problems begin with or hold, and what the report calls them. */
const kinds: readonly (readonly [text: RegExp, kind: string])[] = [
  [/points were never reached/, 'points of `every-step` that nothing led to'],
  [/^the census never saw/, 'scripts that the census of `every-step` never saw'],
  [/until the queue is quiet/, stands[0]],
  [/fewer than \d+ attempts ended|does not go on|no attempt ended/, stands[1]],
  [/^the (episode|campaign) broke off/, 'an episode that broke off'],
  [/^process \d+ ended by itself/, 'a process that ended by itself'],
  [/^an instance did not start/, 'an instance that did not start'],
  [/missed \d+ times/, 'a fault that did not hit'],
  [/connections are open/, 'connections beyond the documented ones'],
  [/KiB in an hour/, 'memory that grew'],
  [/was declared dead and lived/, 'a living worker that was declared dead'],
  [/leads by epoch/, 'an epoch that fell'],
  [/stood still for/, 'a tag that stood still'],
  [/, the bar is /, 'a bar that was missed'],
];

/** For tables; each problem is printed in full where it happens. */
export function problemKind(problem: string): string {
  return kinds.find(([text]) => text.test(problem))?.[1] ?? 'something else';
}

/** The kinds of problems among these that say of the queue itself that it does not go on. */
export function standstills(problems: readonly string[]): ReadonlySet<string> {
  return new Set(problems.map(problemKind).filter((kind) => (stands as readonly string[]).includes(kind)));
}
