import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { locales, type Locale } from '../domain/locale.js';
import type { CommandContext } from './commands/command.js';
import { printExplanation } from './commands/explain.js';
import { resign } from './commands/resign.js';
import { printSchedules, unschedule } from './commands/schedules.js';
import { printStatus } from './commands/status.js';
import { pause, resume, retryFailed } from './commands/steering.js';
import { printTags } from './commands/tags.js';
import { openQueue, type QueueAddress } from './connection.js';
import { exitCode, exitCodeOf } from './exit-codes.js';
import type { Output } from './output.js';

/** What the program talks to. */
export interface Terminal {
  readonly out: Output;
  readonly err: Output;
  /** Whether somebody looks at the output as it comes. */
  readonly isInteractive: boolean;
  /** Ends what would go on for ever. */
  readonly signal: AbortSignal;
}

interface GlobalOptions extends QueueAddress {
  readonly json?: boolean;
}

/** A day. Node's timers end at once where they are to last more than 24 days. */
const mostSeconds = 86_400;
const clearScreen = '\u001b[2J\u001b[H';

/** Runs the command line. @returns the exit code */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  const program = createProgram(terminal);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode.done;
  } catch (error) {
    // Help and version end this way too; commander has said what there is to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage;
    terminal.err.write(`${textOf(error)}\n`);
    return exitCodeOf(error);
  }
}

function createProgram(terminal: Terminal): Command {
  const program = new Command('nestjs-affinity-queue')
    .description('Looks at a queue of nestjs-affinity-queue, and steers it. Runs no tasks.')
    .option('--url <url>', 'where Redis is; without it the REDIS_* variables say, as in the application')
    .option('--queue <name>', 'name of the pending queue (default: PENDING_QUEUE_NAME, or pending-tasks)')
    .option('--json', 'JSON in place of tables')
    .addHelpText('after', help)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        terminal.out.write(text);
      },
      writeErr: (text) => {
        terminal.err.write(text);
      },
    });

  const withQueue = async (run: (context: CommandContext) => Promise<void>): Promise<void> => {
    const { json = false, ...address } = program.opts<GlobalOptions>();
    const queue = await openQueue(address);
    try {
      await run({ queue, out: terminal.out, json });
    } finally {
      await queue.close();
    }
  };

  program
    .command('status')
    .description('the leader, the counts, and every worker')
    .option('--watch', 'again and again, until Ctrl-C')
    .option('--interval <seconds>', 'time between two looks of --watch', toSeconds, 2)
    .action(({ watch = false, interval }: { watch?: boolean; interval: number }) =>
      withQueue((context) => (watch ? watchStatus(context, terminal, interval) : printStatus(context))),
    );

  program
    .command('tags')
    .description('the tags that have tasks or workers, those with the most waiting tasks first')
    .option('--limit <number>', 'at most so many', count, 50)
    .action(({ limit }: { limit: number }) => withQueue((context) => printTags(context, limit)));

  program
    .command('explain <jobId>')
    .description('where a task is, and why it is not further')
    .addOption(new Option('--locale <locale>', 'language of the answer').choices([...locales]).default('en'))
    .action((jobId: string, { locale }: { locale: Locale }) =>
      withQueue((context) => printExplanation(context, jobId, locale)),
    );

  program
    .command('schedules')
    .description('what is scheduled, and when it is due next')
    .option('--limit <number>', 'at most so many', count, 100)
    .action(({ limit }: { limit: number }) => withQueue((context) => printSchedules(context, limit)));

  program
    .command('unschedule <id>')
    .description('ends a schedule, and removes its next task')
    .action((id: string) => withQueue((context) => unschedule(context, id)));

  for (const [name, run, what] of [
    ['pause', pause, 'lets no further task start, in any instance'],
    ['resume', resume, 'lets a paused queue, or tag, go on'],
  ] as const) {
    program
      .command(name)
      .description(what)
      .option('--tag <tag>', 'only of this tag')
      .action(({ tag }: { tag?: string }) => withQueue((context) => run(context, tag)));
  }

  program
    .command('retry-failed')
    .description('gives failed tasks fresh attempts, oldest failure first')
    .option('--tag <tag>', 'only of this tag')
    .option('--type <type>', 'only of this type')
    .option('--limit <number>', 'at most so many', count)
    .action(({ tag, ...filter }: { tag?: string; type?: string; limit?: number }) =>
      withQueue((context) =>
        retryFailed(context, { ...filter, ...(tag !== undefined && { identifyTag: tag }) }),
      ),
    );

  program
    .command('resign')
    .description('makes the leader resign, and says who leads then')
    .option('--timeout <seconds>', 'how long to wait for it', toSeconds, 15)
    .action(({ timeout }: { timeout: number }) => withQueue((context) => resign(context, timeout * 1_000)));

  return program;
}

async function watchStatus(context: CommandContext, terminal: Terminal, seconds: number): Promise<void> {
  const { signal } = terminal;
  while (!signal.aborted) {
    if (terminal.isInteractive && !context.json) terminal.out.write(clearScreen);
    try {
      await printStatus(context);
    } catch (error) {
      // Whoever watches an outage wants to see its end too.
      if (exitCodeOf(error) !== exitCode.redis) throw error;
      terminal.err.write(`${textOf(error)}\n`);
    }
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, seconds * 1_000);
      signal.addEventListener('abort', done);
    });
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function count(text: string): number {
  if (Number.isSafeInteger(Number(text)) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError('It must be a whole number above 0.');
}

function toSeconds(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= mostSeconds) return value;
  throw new InvalidArgumentError(`It must be a number above 0, and at most ${mostSeconds}.`);
}

const help = `
Exit codes: 0 done, 1 it did not work, 2 wrong usage, 3 Redis cannot be used, 4 no such queue, task, schedule or leader.

Examples:
  npx nestjs-affinity-queue status --watch
  npx nestjs-affinity-queue --url redis://:secret@redis:6379 --queue high-pending-tasks tags
  npx nestjs-affinity-queue explain invoice-4711`;
