import { duration, moment } from '../../observability/messages/explanations/moments.js';
import type { Schedule } from '../../producer/schedule-info.js';
import { CommandFailure, exitCode } from '../exit-codes.js';
import { asJson, printable, table } from '../output.js';
import type { CommandContext } from './command.js';

/** A task that is due for longer is worth a question. */
const lateMs = 5_000;

/** The schedules, those first whose next task is due first. */
export async function printSchedules({ queue, out, json }: CommandContext, limit: number): Promise<void> {
  const schedules = await queue.queueService.getSchedules(limit);
  if (json) {
    out.write(asJson(schedules));
    return;
  }
  if (schedules.length === 0) {
    out.write('Nothing is scheduled.\n');
    return;
  }
  const now = Date.now();
  const rows = schedules.map((schedule) => [
    printable(schedule.id),
    timingOf(schedule),
    nextOf(schedule, now),
    schedule.limit === null ? schedule.runs : `${schedule.runs} of ${schedule.limit}`,
    printable(schedule.task.type),
    printable(schedule.task.identifyTag),
  ]);
  out.write(table(['schedule', 'when', 'next', 'runs', 'type', 'tag'], rows));
  const [late] = schedules.filter(({ next }) => next !== null && now - next > lateMs);
  if (late) out.write(`Why ${printable(late.id)} waits: explain ${printable(late.nextJobId ?? '', 300)}\n`);
  if (schedules.length === limit) out.write(`The first ${limit} schedules; --limit shows more\n`);
}

/** Ends a schedule. @throws {@link CommandFailure} where there is no such schedule */
export async function unschedule({ queue, out, json }: CommandContext, id: string): Promise<void> {
  const removed = await queue.queueService.unschedule(id);
  if (!removed) {
    const message = `There is no schedule ${JSON.stringify(printable(id))} in queue ${queue.name}`;
    throw new CommandFailure(message, exitCode.notFound);
  }
  const said = `Schedule ${printable(id)} is gone. What runs of it goes on.\n`;
  out.write(json ? asJson({ unscheduled: id }) : said);
}

function timingOf({ cron, tz, every, startDate, endDate }: Schedule): string {
  const times =
    every === null ? `${printable(cron ?? '')} (${printable(tz ?? 'local time')})` : duration(every);
  const from = startDate === null ? '' : `, from ${moment(startDate)}`;
  const to = endDate === null ? '' : `, to ${moment(endDate)}`;
  return `${every === null ? '' : 'every '}${times}${from}${to}`;
}

function nextOf({ next }: Schedule, now: number): string {
  if (next === null) return 'none';
  return next >= now
    ? `${moment(next)}, in ${duration(next - now)}`
    : `due ${duration(now - next)} ago, waits`;
}
