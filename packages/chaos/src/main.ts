/** The fault campaign: see `npm run chaos -- --help`. */
import { CommanderError } from 'commander';
import { program } from './command-line/program.js';

try {
  await program().parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode;
}
