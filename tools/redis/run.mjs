import { execFile } from 'node:child_process';

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Runs a program to its end and returns what it printed; a failure carries the last lines of its error output. */
export function run(file, args, options = {}) {
  const env = { ...(options.env ?? process.env), LC_ALL: 'C' };
  return new Promise((resolve, reject) => {
    execFile(file, args, { maxBuffer: MAX_OUTPUT_BYTES, ...options, env }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const detail = stderr.trim().split('\n').slice(-3).join(' ') || error.message;
      const words = args.filter((word, index) => word !== '-o' && args[index - 1] !== '-o');
      reject(new Error(`${file} ${words.join(' ')}: ${detail}`, { cause: error }));
    });
  });
}
