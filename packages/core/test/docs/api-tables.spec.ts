import { describe, expect, it } from '@jest/globals';
import {
  ElectionService,
  QueueService,
  SchedulerService,
  WorkerService,
  type TaskContext,
} from '../../src/index.js';
import { streamedEvents, decodeEvent } from '../../src/observability/events/queue-event.js';
import { tableUnder } from './support/markdown.js';

/** Members of the services that are `@internal`, and fields that an instance gets in its constructor. */
const internal = new Set([
  'constructor',
  'close',
  'addRunner',
  'run',
  'lastProgressMs',
  'withdraw',
  'restore',
  'isStarted',
  'wrapHandlers',
]);
const fields = { QueueService: ['queue', 'events$', 'errors$'], ElectionService: ['nodeId', 'leadership$'] };

type Service = abstract new (...args: never[]) => unknown;

function membersOf(service: Service): string[] {
  const own = Object.getOwnPropertyNames(service.prototype).filter((name) => !internal.has(name));
  return [...new Set([...own, ...(fields[service.name as keyof typeof fields] ?? [])])].sort();
}

/** Names of members in a cell such as "`start()`, `stop()`" or "`election.nodeId`". */
function namesIn(cell: string): string[] {
  return [...cell.matchAll(/`(?:election\.|scheduler\.)?([\w$]+)[^`]*`/g)].map(([, name]) => name!);
}

const languages = [
  [
    'English',
    'docs/reference',
    ['QueueService', 'WorkerService', 'ElectionService', 'The context of a handler', 'Events'],
  ],
  ['Chinese', 'docs/zh-CN', ['QueueService', 'WorkerService', 'ElectionService', '处理器的上下文', '事件']],
] as const;

describe.each(languages)('the tables of the API in %s', (_, folder, headings) => {
  const [queue, worker, election, context, events] = headings;
  const stated = (heading: string) =>
    tableUnder(`${folder}/api.md`, heading).flatMap((row) => namesIn(row[0]!));

  it('have every member of QueueService', () => {
    expect(stated(queue).sort()).toEqual(membersOf(QueueService));
  });

  it('have every member of WorkerService', () => {
    expect(stated(worker).sort()).toEqual(membersOf(WorkerService));
  });

  it('have every member of ElectionService and SchedulerService', () => {
    expect(stated(election).sort()).toEqual(
      [...membersOf(ElectionService), ...membersOf(SchedulerService)].sort(),
    );
  });

  it('have every member of a context', () => {
    const members: Record<keyof TaskContext, true> = {
      job: true,
      identifyTag: true,
      workerId: true,
      attempt: true,
      batchPosition: true,
      fencingToken: true,
      signal: true,
      updateProgress: true,
      log: true,
    };
    expect(stated(context).sort()).toEqual(Object.keys(members).sort());
  });

  it('have every event with its fields', () => {
    const rows = tableUnder(`${folder}/events.md`, events).map(
      (row) => [namesIn(row[0]!)[0]!, namesIn(row[1]!).sort()] as const,
    );
    const every = new Set(['type', 'eventId']);
    const actual = streamedEvents.map(([type]) => {
      const fields = Object.keys(decodeEvent(type, {}, '0-0')).filter((field) => !every.has(field));
      return [type, fields.sort()];
    });
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(actual));
  });
});
