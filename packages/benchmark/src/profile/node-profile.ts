import { Session, type Profiler } from 'node:inspector/promises';
import { bySize, type TimeShare } from './phase-profile.js';

const samplingMicros = 200;

/** V8's sampling profiler around a phase. */
export class NodeProfiler {
  readonly #session = new Session();

  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.setSamplingInterval', { interval: samplingMicros });
    await this.#session.post('Profiler.start');
  }

  async stop(): Promise<{ byPackage: TimeShare[]; byFunction: TimeShare[] }> {
    const { profile } = await this.#session.post('Profiler.stop');
    this.#session.disconnect();
    const ofNode = selfMicros(withoutProfiler(profile));
    return {
      byPackage: shares(profile, ofNode, ({ callFrame }) => packageOf(callFrame)),
      byFunction: shares(profile, ofNode, ({ callFrame }) => functionOf(callFrame)),
    };
  }
}

/** The profiler's own calls are in the profile. */
function withoutProfiler(profile: Profiler.Profile): Profiler.Profile {
  const own = new Set(
    profile.nodes
      .filter(({ callFrame: { url, functionName } }) => url === '' && functionName === 'dispatch')
      .map(({ id }) => id),
  );
  const kept = (profile.samples ?? []).map((node) => !own.has(node));
  return {
    ...profile,
    samples: (profile.samples ?? []).filter((_, index) => kept[index]),
    timeDeltas: (profile.timeDeltas ?? []).filter((_, index) => kept[index]),
  };
}

/** Time at the top of the stack, by node of the call tree. */
function selfMicros({ samples = [], timeDeltas = [] }: Profiler.Profile): Map<number, number> {
  const micros = new Map<number, number>();
  samples.forEach((node, index) => {
    micros.set(node, (micros.get(node) ?? 0) + (timeDeltas[index] ?? 0));
  });
  return micros;
}

function shares(
  { nodes }: Profiler.Profile,
  ofNode: ReadonlyMap<number, number>,
  nameOf: (node: Profiler.ProfileNode) => string,
): TimeShare[] {
  const sums = new Map<string, number>();
  for (const node of nodes) {
    const name = nameOf(node);
    sums.set(name, (sums.get(name) ?? 0) + (ofNode.get(node.id) ?? 0));
  }
  return bySize([...sums].map(([name, micros]) => ({ name, micros })));
}

function packageOf({ url, functionName }: Profiler.ProfileNode['callFrame']): string {
  if (url === '') return /^\((idle|garbage collector|program)\)$/.exec(functionName)?.[0] ?? 'V8';
  if (url.startsWith('node:')) return 'Node';
  const installed = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
  if (installed !== undefined) return installed;
  return url.includes('/packages/core/') ? 'nestjs-affinity-queue' : 'benchmark';
}

function functionOf(frame: Profiler.ProfileNode['callFrame']): string {
  const { functionName, url } = frame;
  const file = url.slice(url.lastIndexOf('/') + 1);
  const name = functionName === '' ? `(anonymous, line ${frame.lineNumber + 1})` : functionName;
  return file === '' ? name : `${name} — ${packageOf(frame)}: ${file}`;
}
