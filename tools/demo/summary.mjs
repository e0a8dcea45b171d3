import { styleText } from 'node:util';
import Table from 'cli-table3';
import { nameOf } from './failover.mjs';

/** Prints what was found. @returns {boolean} did every check of the affinity run succeed? */
export function printSummary({ report, controlReport, run, options }) {
  const checks = checksOf(report, { run, options });
  for (const { what, findings, detail } of checks) {
    const mark = findings === 0 ? styleText('green', '✓') : styleText('red', '✗');
    console.log(`${mark} ${what}${detail ? styleText('dim', ` (${detail})`) : ''}`);
  }
  const again = report.reRuns.length;
  console.log(
    `  ${again} ${again === 1 ? 'task was' : 'tasks were'} run again because ${again === 1 ? 'its' : 'their'} process was killed (at least once). Ledger entries carry the task's id and are booked once.`,
  );
  console.log('  In these checks the killed attempts count as ended when their process died.\n');
  printComparison(report, controlReport, run);
  const succeeded = checks.every(({ findings }) => findings === 0);
  console.log(
    succeeded ? styleText('green', '\nEvery check succeeded.') : styleText('red', '\nA check failed.'),
  );
  return succeeded;
}

function checksOf(report, { run: { failover, stats }, options }) {
  const { lockTtlMs, heartbeatIntervalMs } = options.election;
  const takeoverMs = failover.takenOverAtMs - failover.killedAtMs;
  const right = report.ledgers - report.wrongLedgers.length;
  return [
    {
      what: `${report.total - report.missing.length} of ${report.total} tasks done`,
      findings: report.missing.length + report.unknown.length + stats.failed,
      detail: `${stats.failed} failed, ${stats.waiting + stats.active + stats.delayed} left in the queue`,
    },
    { what: `${right} of ${report.ledgers} ledgers right`, findings: report.wrongLedgers.length },
    {
      what: `${report.invoices - report.missingInvoices.length} of ${report.invoices} invoices written`,
      findings: report.missingInvoices.length,
    },
    {
      what: `${report.mails - report.missingMails.length} of ${report.mails} mails received`,
      findings: report.missingMails.length,
    },
    { what: `${report.overlaps.length} overlaps within a tag`, findings: report.overlaps.length },
    { what: `${report.disorder.length} out of order within a tag`, findings: report.disorder.length },
    { what: `${report.repeats.length} run twice without need`, findings: report.repeats.length },
    {
      what: `${report.longBatches.length} batches over the limit of ${options.maxBatchSize}`,
      findings: report.longBatches.length,
      detail: `${report.batches} batches, ${(report.total / report.batches).toFixed(1)} tasks each`,
    },
    {
      what: `${nameOf(failover)} took over ${(takeoverMs / 1_000).toFixed(2)} s after instance ${failover.from.instance} was killed`,
      findings: takeoverMs <= lockTtlMs + heartbeatIntervalMs ? 0 : 1,
      detail: `lock TTL ${lockTtlMs} ms`,
    },
  ];
}

function printComparison(report, control, { failover, startedAtMs }) {
  const beforeKill = failover.completedBefore / ((failover.killedAtMs - startedAtMs) / 1_000);
  const rows = [
    ['', 'affinity queue', 'plain BullMQ'],
    ['ledgers corrupted', report.wrongLedgers.length, `${control.wrongLedgers.length} of ${control.ledgers}`],
    ['ledger entries lost', lostOf(report), lostOf(control)],
    ['overlaps within a tag', report.overlaps.length, control.overlaps.length],
    ['out of order within a tag', report.disorder.length, control.disorder.length],
    ['seconds', report.seconds.toFixed(1), control.seconds.toFixed(1)],
    ['tasks per second', report.tasksPerSecond.toFixed(0), control.tasksPerSecond.toFixed(0)],
    ['tasks per second until the kill', beforeKill.toFixed(0), '–'],
    ['leader killed half-way', 'yes', 'no leader, nothing killed'],
  ];
  if (process.stdout.isTTY) {
    const [head, ...body] = rows;
    const table = new Table({
      head,
      colAligns: ['left', 'right', 'right'],
      style: { head: ['cyan'], compact: true },
    });
    table.push(...body);
    console.log(table.toString());
  } else {
    for (const [name, affinity, plain] of rows.slice(1)) {
      console.log(`${name}: affinity queue ${affinity}, plain BullMQ ${plain}`);
    }
  }
}

function lostOf({ wrongLedgers }) {
  return wrongLedgers.reduce((sum, { lost }) => sum + lost, 0);
}
