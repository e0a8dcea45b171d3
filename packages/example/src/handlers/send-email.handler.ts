import { join } from 'node:path';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { createTransport, type SendMailOptions } from 'nodemailer';
import type { Settings } from '../settings.js';
import { sendEmailPayload } from '../tasks/task.schema.js';
import { fileNameOf } from './file-names.js';
import { replaceFile } from './replace-file.js';
import { taskIdOf, type TaskHandler, type TaskRun } from './task-handler.js';

/**
 * Sends a mail over SMTP. Tasks run at least once: the Message-ID is made of the task's id, so that a mail sent twice
 * is recognised as one by whoever receives it.
 */
@Injectable()
export class SendEmailHandler implements TaskHandler, OnApplicationShutdown {
  private readonly mailbox: Mailbox;

  constructor(config: ConfigService<Settings, true>) {
    const url = config.get('SMTP_URL', { infer: true });
    const outbox = join(config.get('DATA_DIR', { infer: true }), 'outbox');
    this.mailbox = url ? smtpMailbox(url) : savingMailbox(outbox);
    if (!url) new Logger('SendEmailHandler').warn(`SMTP_URL is not set: mail is saved in ${outbox}`);
  }

  async handle(payload: unknown, run: TaskRun): Promise<unknown> {
    const { to, subject, text } = sendEmailPayload.parse(payload);
    const taskId = taskIdOf(run);
    const status = await this.mailbox.deliver(taskId, {
      from: 'no-reply@affinity-queue.example',
      to,
      subject,
      text,
      messageId: `<${fileNameOf(taskId)}@affinity-queue.example>`,
      headers: { 'X-Task-Id': taskId },
    });
    return { status, messageId: `MSG-${taskId}` };
  }

  onApplicationShutdown(): void {
    this.mailbox.close();
  }
}

interface Mailbox {
  deliver(taskId: string, mail: SendMailOptions): Promise<'sent' | 'saved'>;
  close(): void;
}

function smtpMailbox(url: string): Mailbox {
  const transport = createTransport({ url, pool: true, maxMessages: Infinity });
  return {
    deliver: async (_taskId, mail) => {
      await transport.sendMail(mail);
      return 'sent';
    },
    close: () => transport.close(),
  };
}

function savingMailbox(folder: string): Mailbox {
  const transport = createTransport({ streamTransport: true, buffer: true });
  return {
    deliver: async (taskId, mail) => {
      const { message } = await transport.sendMail(mail);
      await replaceFile(join(folder, `${fileNameOf(taskId)}.eml`), message as Buffer);
      return 'saved';
    },
    close: () => transport.close(),
  };
}
