const numbers = new Intl.NumberFormat('en');

/** 12,345 */
export function formatNumber(value) {
  return numbers.format(value);
}

/** 3.4 below ten, else whole. */
export function formatRate(perSecond) {
  if (perSecond === 0) return '0';
  if (perSecond < 0.1) return perSecond.toFixed(2);
  return perSecond < 10 ? perSecond.toFixed(1) : formatNumber(Math.round(perSecond));
}

/** 12 ms, 3.4 s, 5 min 20 s, 3 h 10 min, 2 d 4 h */
export function formatDuration(ms) {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = ms / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return joined(minutes, 'min', Math.floor(seconds % 60), 's');
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return joined(hours, 'h', minutes % 60, 'min');
  return joined(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function joined(large, largeUnit, small, smallUnit) {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** For an axis: without a needless .0 */
export function formatScale(ms) {
  return formatDuration(ms).replace('.0 ', ' ');
}

/** For an age that is shown again every second: no fractions. */
export function formatAge(ms) {
  if (ms < 1_000) return 'now';
  return formatScale(ms < 10_000 ? Math.floor(ms / 1_000) * 1_000 : ms);
}

/** 14:05:09, by the clock of the browser. */
export function formatTime(ms) {
  return new Date(ms).toLocaleTimeString('en-GB');
}

/** With the day, where it is not today. */
export function formatMoment(ms, now) {
  const day = new Date(ms).toLocaleDateString('en-CA');
  return day === new Date(now).toLocaleDateString('en-CA') ? formatTime(ms) : `${day} ${formatTime(ms)}`;
}

export function plural(count, one, many = `${one}s`) {
  return `${formatNumber(count)} ${count === 1 ? one : many}`;
}

/** The end of a worker's id, which tells workers apart; ids begin with the name of the host. */
export function shortWorker(workerId) {
  const parts = workerId.split('-');
  return parts.length > 2 ? parts.slice(-2).join('-') : workerId;
}

/** Line breaks, and marks that turn the direction of what follows: with these one tag could look like another. */
const misleading = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;

/** The leader makes a list of its own of tasks without a usable tag. */
export function tagName(tag) {
  return tag === '' ? '(malformed tasks)' : tag.replace(misleading, '\ufffd');
}
