import 'reflect-metadata';
import { Logger, type LogLevel } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { configureHttp } from './configure-http.js';
import type { Settings } from './settings.js';

/** In production without a line for each start and end of a task. */
const PRODUCTION_LEVELS: LogLevel[] = ['log', 'warn', 'error', 'fatal'];

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule, {
    bodyParser: false,
    ...(process.env.NODE_ENV === 'production' && { logger: PRODUCTION_LEVELS }),
  });
  const config = app.get<ConfigService<Settings, true>>(ConfigService);
  configureHttp(app, config.get('BULK_MAX_BYTES', { infer: true }));
  // SIGTERM and SIGINT: stop taking tasks, finish what runs, give the rest back, resign, close.
  app.enableShutdownHooks();
  await app.listen(config.get('PORT', { infer: true }));
  new Logger('Application').log(`Listening on ${await app.getUrl()}`);
  // PM2 (wait_ready) counts the instance as started from here on.
  process.send?.('ready');
}

bootstrap().catch((error: unknown) => {
  console.error(error);
  // In cluster mode PM2 only logs a rejected promise: it would keep an instance that never listens.
  process.exit(1);
});
