import type { NewJob } from '../bullmq/job-adder.js';

type EncodedOptions = Pick<NewJob, 'opts' | 'optsJson'>;

/** The tasks with what they carry so that their trace goes on at the worker, as BullMQ keeps it: `tm` in the JSON of the options. */
export function tracedJobs(newJobs: readonly NewJob[], metadata: string | undefined): readonly NewJob[] {
  if (metadata === undefined) return newJobs;
  // Most tasks of a call share their options.
  const encoded = new Map<string, EncodedOptions>();
  return newJobs.map((newJob) => {
    const { opts, optsJson } = newJob;
    let traced = encoded.get(optsJson);
    if (traced === undefined) {
      traced = {
        opts: { ...opts, telemetry: { ...opts.telemetry, metadata } },
        optsJson: JSON.stringify({ ...opts, tm: metadata }),
      };
      encoded.set(optsJson, traced);
    }
    return { ...newJob, ...traced };
  });
}
