import { Test } from '@nestjs/testing';
import { AffinityQueueTesting, AffinityQueueTestingModule } from 'nestjs-affinity-queue/testing';
import { AppModule, MailHandler } from './app.module';

test('the application runs a task without Redis', async () => {
  process.env.REDIS_URL = 'redis://127.0.0.1:1';
  const builder = Test.createTestingModule({ imports: [AppModule] });
  const testing = await AffinityQueueTestingModule.override(builder).compile();
  await testing.init();
  const { queueService } = testing.get(MailHandler);
  const email = { type: 'send-email', identifyTag: 't', payload: { to: 'b@example.com' } };
  const job = await queueService.add(email, { delay: 60_000 });
  await testing.get(AffinityQueueTesting).runUntilIdle({ advance: true });
  await expect(queueService.waitUntilFinished(job)).resolves.toEqual({
    status: 'sent to b@example.com of t',
  });
  await testing.close();
}, 30_000);
