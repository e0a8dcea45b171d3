import { Test } from '@nestjs/testing';
import { AppModule, MailHandler } from './app.module';

test('the application runs a task', async () => {
  const testing = await Test.createTestingModule({ imports: [AppModule] }).compile();
  await testing.init();
  const { queueService } = testing.get(MailHandler);
  const job = await queueService.add({
    type: 'send-email',
    identifyTag: 't',
    payload: { to: 'b@example.com' },
  });
  await expect(queueService.waitUntilFinished(job, 20_000)).resolves.toEqual({
    status: 'sent to b@example.com of t',
  });
  await testing.close();
}, 30_000);
