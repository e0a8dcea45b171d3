import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SMTPServer } from 'smtp-server';
import { configOf, runOf, temporaryFolder } from '../../test/support/handlers.js';
import { SendEmailHandler } from './send-email.handler.js';

let folder: string;
beforeEach(async () => (folder = await temporaryFolder()));
afterEach(() => rm(folder, { recursive: true }));

const payload = { to: 'user@example.com', subject: '欢迎邮件', text: 'Hello' };

describe('SendEmailHandler', () => {
  it('sends over SMTP, with a Message-ID made of the task id', async () => {
    const messages: string[] = [];
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['AUTH', 'STARTTLS'],
      onData: (stream, _session, done) => {
        text(stream).then((message) => {
          messages.push(message);
          done();
        }, done);
      },
    });
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    const { port } = server.server.address() as AddressInfo;
    const handler = new SendEmailHandler(
      configOf({ DATA_DIR: folder, SMTP_URL: `smtp://127.0.0.1:${port}` }),
    );
    try {
      await expect(handler.handle(payload, runOf('t1'))).resolves.toEqual({
        status: 'sent',
        messageId: 'MSG-t1',
      });
    } finally {
      handler.onApplicationShutdown();
      await new Promise<void>((resolve) => server.close(resolve));
    }
    expect(messages).toEqual([expect.stringContaining('Message-ID: <t1@affinity-queue.example>')]);
    expect(messages[0]).toMatch(/^X-Task-ID: t1/im);
    expect(messages[0]).toContain('To: user@example.com');
  });

  it('fails when nobody takes the mail', async () => {
    const handler = new SendEmailHandler(configOf({ DATA_DIR: folder, SMTP_URL: 'smtp://127.0.0.1:1' }));
    await expect(handler.handle(payload, runOf('t1'))).rejects.toThrow('ECONNREFUSED');
    handler.onApplicationShutdown();
  });

  it('saves the mail without SMTP_URL', async () => {
    const handler = new SendEmailHandler(configOf({ DATA_DIR: folder }));
    await expect(handler.handle(payload, runOf('t1'))).resolves.toEqual({
      status: 'saved',
      messageId: 'MSG-t1',
    });
    expect(await readFile(join(folder, 'outbox', 't1.eml'), 'utf8')).toContain('To: user@example.com');
  });
});
