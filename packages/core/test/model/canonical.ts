import type { ModelState } from './state.js';

/** The same text for states that differ only in the names of their workers, leaders and tags. */
export function canonical(state: ModelState): string {
  let least = '';
  for (const tags of permutations(state.lists.length)) {
    for (const workers of permutations(state.workers.length)) {
      const text = encode(state, tags, workers);
      if (least === '' || text < least) least = text;
    }
  }
  return least;
}

/** Ends a list; no number of a state is so large. */
const end = '~';

/** Small numbers, one character each; -1 has one too. */
const letter = (number: number): string => String.fromCharCode(49 + number);

/** @param tags - the new name of each tag; likewise the workers */
function encode(state: ModelState, tags: readonly number[], workers: readonly number[]): string {
  const { lists, paused, touched, beliefs, lock, turns } = state;
  const tagsByName = inverse(tags);
  let text =
    named(state.tagOf, tags) +
    plain(state.wait) +
    named(state.ring, tags) +
    named(state.parked, tags) +
    letter(state.due) +
    named(state.idle, workers) +
    named(state.hungry, workers) +
    named(state.ahead, workers) +
    sorted(state.done) +
    sorted(state.failed) +
    sorted(state.removed) +
    sorted(beliefs.map((belief, leader) => 2 * belief + Number(lock === leader)));
  for (const tag of tagsByName) {
    text += plain(lists[tag]!) + letter(2 * Number(paused[tag]) + Number(touched[tag]));
    for (const other of tagsByName) text += letter(turns[tag]![other]!);
  }
  for (const index of inverse(workers)) {
    const worker = state.workers[index]!;
    const flags =
      worker.status * 8 + Number(worker.short) * 4 + Number(worker.leaving) * 2 + Number(worker.waited);
    text +=
      letter(flags) +
      letter(worker.tag < 0 ? -1 : tags[worker.tag]!) +
      letter(worker.ahead < 0 ? -1 : tags[worker.ahead]!) +
      letter(worker.size) +
      letter(worker.aheadSize) +
      letter(worker.cur) +
      letter(worker.ghost) +
      plain(worker.wait) +
      plain(worker.next);
  }
  return text;
}

function plain(numbers: readonly number[]): string {
  let text = '';
  for (const number of numbers) text += letter(number);
  return text + end;
}

function named(numbers: readonly number[], names: readonly number[]): string {
  let text = '';
  for (const number of numbers) text += letter(names[number]!);
  return text + end;
}

function sorted(numbers: readonly number[]): string {
  return plain(numbers.length > 1 ? [...numbers].sort((one, other) => one - other) : numbers);
}

const inverses = new Map<readonly number[], number[]>();

/** Which one has each name. */
function inverse(names: readonly number[]): number[] {
  let result = inverses.get(names);
  if (result === undefined) {
    result = names.map((_, name) => names.indexOf(name));
    inverses.set(names, result);
  }
  return result;
}

const known = new Map<number, number[][]>();

function permutations(count: number): number[][] {
  let all = known.get(count);
  if (all === undefined) {
    all = count === 0 ? [[]] : permutations(count - 1).flatMap((rest) => insertions(rest, count - 1));
    known.set(count, all);
  }
  return all;
}

function insertions(rest: readonly number[], value: number): number[][] {
  return [...rest, value].map((_, at) => [...rest.slice(0, at), value, ...rest.slice(at)]);
}
