import { cp, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testRedisUrl, uniqueName } from '../../support/redis.js';
import { run } from './run.js';
import type { Tarball } from './tarball.js';

const library = 'nestjs-affinity-queue';
const applications = fileURLToPath(new URL('../apps/', import.meta.url));
const typedTasks = fileURLToPath(new URL('../../types/typed-tasks.ts', import.meta.url));

/** An application outside the workspace, which has installed the packed library from the registry's side. */
export class Application {
  private constructor(readonly folder: string) {}

  /** @param name a folder of test/package/apps */
  static async install(name: string, tarball: Tarball): Promise<Application> {
    const folder = await mkdtemp(join(tmpdir(), `affinity-${name}-`));
    await cp(join(applications, name), folder, { recursive: true });
    await cp(join(applications, 'shared'), join(folder, 'src'), { recursive: true });
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

  /**
   * Runs the compiled application, then the library's command line on its queue.
   *
   * @returns what the last line of the application says, and what the command line does
   */
  async start(
    node: string = process.execPath,
  ): Promise<{ readonly said: unknown; readonly status: unknown }> {
    const place = { cwd: this.folder, env: this.#queue() };
    const printed = await run(node, ['dist/main.js'], place);
    const program = await realpath(join(this.folder, 'node_modules', '.bin', library));
    const status = await run(node, [program, 'status', '--json'], place);
    return { said: JSON.parse(printed.trim().split('\n').at(-1) ?? ''), status: JSON.parse(status) };
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
