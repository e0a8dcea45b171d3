import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testRedisUrl, uniqueName } from '../../support/redis.js';
import { run } from './run.js';
import type { Tarball } from './tarball.js';

const applications = fileURLToPath(new URL('../apps/', import.meta.url));
const typedTasks = fileURLToPath(new URL('../../types/typed-tasks.ts', import.meta.url));

/** An application outside the workspace, which has installed the packed library from the registry's side. */
export class Application {
  private constructor(readonly folder: string) {}

  /** @param name a folder of test/package/apps */
  static async install(name: string, tarball: Tarball): Promise<Application> {
    const folder = await mkdtemp(join(tmpdir(), `affinity-${name}-`));
    await cp(join(applications, name), folder, { recursive: true });
    // What the types accept and refuse, they accept and refuse as packed, too.
    await cp(typedTasks, join(folder, 'src', 'typed-tasks.ts'));
    // Without install scripts: the library must need none.
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', tarball.path], {
      cwd: folder,
    });
    return new Application(folder);
  }

  /** A program of its devDependencies. */
  bin(name: string, ...args: string[]): Promise<string> {
    return run(join(this.folder, 'node_modules', '.bin', name), args, {
      cwd: this.folder,
      env: this.#queue(),
    });
  }

  /** Runs the compiled application and returns what its last line says. */
  async start(node: string = process.execPath): Promise<unknown> {
    const printed = await run(node, ['dist/main.js'], { cwd: this.folder, env: this.#queue() });
    return JSON.parse(printed.trim().split('\n').at(-1) ?? '');
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }

  #queue(): Record<string, string> {
    const name = uniqueName('package');
    return {
      REDIS_URL: testRedisUrl(),
      PENDING_QUEUE_NAME: `${name}-pending`,
      WORKER_QUEUE_PREFIX: `${name}-worker`,
      WORKER_STATE_PREFIX: `${name}-state`,
    };
  }
}
