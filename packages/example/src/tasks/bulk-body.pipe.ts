import { BadRequestException, Injectable, type PipeTransform } from '@nestjs/common';
import { taskSchema, type TaskRequest } from './task.schema.js';

const MAX_MESSAGES = 20;

/** Parses and validates the body of a bulk request: text is NDJSON, anything else has to be an array. */
@Injectable()
export class BulkBodyPipe implements PipeTransform<unknown, TaskRequest[]> {
  /** @throws BadRequestException that names the line or index, the field and what is allowed */
  transform(body: unknown): TaskRequest[] {
    const { tasks, messages } = validate(entriesOf(body));
    if (messages.length > 0) throw new BadRequestException(messages);
    return tasks;
  }
}

interface Entry {
  where: string;
  read: () => unknown;
}

function entriesOf(body: unknown): Entry[] {
  if (Array.isArray(body)) {
    return body.map((value: unknown, index) => ({ where: `[${index}]`, read: () => value }));
  }
  if (typeof body !== 'string') {
    throw new BadRequestException(
      'NDJSON (Content-Type: application/x-ndjson) or a JSON array (application/json) is expected',
    );
  }
  return body
    .split('\n')
    .map((line, index) => ({ where: `line ${index + 1}`, read: () => JSON.parse(line) as unknown, line }))
    .filter(({ line }) => line.trim() !== '');
}

function validate(entries: Entry[]): { tasks: TaskRequest[]; messages: string[] } {
  const tasks: TaskRequest[] = [];
  const messages: string[] = [];
  for (const { where, read } of entries) {
    if (messages.length >= MAX_MESSAGES) {
      messages.push('… and possibly more');
      break;
    }
    try {
      const value = read();
      const parsed = taskSchema.safeParse(value);
      if (parsed.success) tasks.push(value as TaskRequest);
      else messages.push(...parsed.error.issues.map(({ path, message }) => label(where, path, message)));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      messages.push(label(where, [], error.message));
    }
  }
  return { tasks, messages };
}

function label(where: string, path: PropertyKey[], message: string): string {
  return [where, ...(path.length > 0 ? [path.map(String).join('.')] : []), message].join(': ');
}
