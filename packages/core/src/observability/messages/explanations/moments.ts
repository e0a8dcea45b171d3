const units = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
] as const;

/** A duration for people: "45 ms", "12 s", "3 min 20 s", "2 d 4 h". */
export function duration(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  if (whole < 1_000) return `${whole} ms`;
  const first = units.findIndex(([size]) => whole >= size);
  const [size, name] = units[first] ?? units[3];
  const smaller = units[first + 1];
  const rest = smaller && Math.floor((whole % size) / smaller[0]);
  return `${Math.floor(whole / size)} ${name}${smaller && rest ? ` ${rest} ${smaller[1]}` : ''}`;
}

/** A moment for people, to the second. */
export function moment(ms: number): string {
  return Number.isFinite(ms) ? new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z') : 'an unknown time';
}
