#!/usr/bin/env node
import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { runCommandLine } from './program.js';

// The log of a queue is about instances; here the answer is on stdout, and errors are on stderr.
Logger.overrideLogger(false);

const ended = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    ended.abort();
  });
}
// A reader that has seen enough, such as head, is no error.
process.stdout.on('error', () => {
  ended.abort();
});

void runCommandLine(process.argv.slice(2), {
  out: process.stdout,
  err: process.stderr,
  isInteractive: process.stdout.isTTY,
  signal: ended.signal,
}).then((code) => {
  process.exitCode = code;
});
