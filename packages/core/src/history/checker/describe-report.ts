import { invariants, type Evidence, type Failovers, type HistoryReport } from './report.js';

/** A report as lines for people: each invariant with what was found, and the records that show it. @publicApi */
export function describeReport(report: HistoryReport): string {
  const { violations, furtherViolations, undecided, failovers, overlaps, damage, counts } = report;
  const lines = [
    `${counts.records} records of ${counts.processes} processes, ${counts.witnessEntries} entries of the witness: ` +
      `${counts.tasks} tasks, ${counts.starts} starts, ${counts.commits} outcomes, ${counts.faults} faults`,
  ];
  for (const invariant of invariants) {
    const found = violations.filter((violation) => violation.invariant === invariant);
    const open = undecided.filter((one) => one.invariant === invariant);
    const verdict = found.length === 0 ? 'holds' : `${found.length} violations`;
    lines.push(`${invariant}: ${verdict}${invariant === 'I8' ? judged(failovers) : ''}`);
    for (const { message, evidence } of found) lines.push(`  ${message}`, ...shown(evidence));
    for (const { reason, count, evidence } of open)
      lines.push(`  not decided ${count} times: ${reason}`, ...shown(evidence));
  }
  if (furtherViolations > 0) lines.push(`and ${furtherViolations} further violations`);
  lines.push(`${overlaps.length} overlaps that a fault explains`);
  for (const { message, evidence } of overlaps) lines.push(`  ${message}`, ...shown(evidence));
  for (const { file, line, reason } of damage) lines.push(`${file}:${line}: ${reason}`);
  return lines.join('\n');
}

/** That nothing came late says little where most was excused. */
function judged({ inTime, late, excused }: Failovers): string {
  return ` (${inTime} failures in time, ${late} late, ${excused} excused)`;
}

function shown(evidence: Evidence): string[] {
  return evidence.map((one) => `    ${JSON.stringify(one)}`);
}
