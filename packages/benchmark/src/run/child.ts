import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Measured, MeasureOrder } from '../measure.js';

const program = fileURLToPath(new URL('../measure.js', import.meta.url));
/** Several times what the longest takes: one that hangs must not cost the run. */
const limitMs = 5 * 60_000;

const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Measures in a fresh process, a session of its own: what it does to its priority ends with it. */
export async function runMeasurement(order: MeasureOrder, redisUrl: string): Promise<Measured> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, JSON.stringify(order)],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, BENCH_REDIS_URL: redisUrl },
      detached: true,
      timeout: limitMs,
      killSignal: 'SIGKILL',
    },
  );
  const output: string[] = [];
  const errors: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  const [code, signal] = await closing(child);
  if (code === 0) return JSON.parse(output.join('')) as Measured;
  const reason =
    errors
      .join('')
      .trim()
      .split('\n')
      .find((line) => /^\w*Error\b/.test(line)) ?? errors.join('').trim();
  throw new Error(`${signal ?? `exit code ${code}`}: ${reason || 'no error output'}`);
}

/** A signal to this process ends the measurement first, and then this process. */
async function closing(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null]> {
  const end = (signal: NodeJS.Signals): void => {
    child.kill('SIGKILL');
    process.removeListener(signal, end);
    process.kill(process.pid, signal);
  };
  for (const signal of endingSignals) process.on(signal, end);
  try {
    return (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  } finally {
    for (const signal of endingSignals) process.removeListener(signal, end);
  }
}
