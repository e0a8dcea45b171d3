import { Redis } from 'ioredis';
import { readDocumentedAcl } from './documented-acl.js';
import { startOwnServer, type OwnServer } from './own-server.js';

const password = 'acl-password';

/** A Redis server of its own with users, and what it has refused them. */
export class AclServer {
  /** The commands of docs/security.md, with what it adds for later versions of Redis. */
  readonly commandRules: readonly string[];

  private constructor(
    private readonly server: OwnServer,
    readonly admin: Redis,
    version: number,
  ) {
    const commands = readDocumentedAcl().commands.map((command) => `+${command}`);
    this.commandRules = version < 702 ? commands : [...commands, '+client|setinfo'];
  }

  static async start(): Promise<AclServer> {
    const server = await startOwnServer();
    const admin = new Redis(server.url);
    const version = /redis_version:(\d+)\.(\d+)/.exec(await admin.info('server'));
    return new AclServer(server, admin, Number(version?.[1]) * 100 + Number(version?.[2]));
  }

  /** That of the administrator. */
  get url(): string {
    return this.server.url;
  }

  /** @param base - what stands before the server, such as a proxy */
  urlOf(user: string, base = this.server.url): string {
    return base.replace('//', `//${user}:${password}@`);
  }

  async createUser(user: string, rules: readonly string[]): Promise<void> {
    await this.admin.call('ACL', 'SETUSER', user, 'reset', 'on', `>${password}`, ...rules);
    await this.admin.call('ACL', 'LOG', 'RESET');
  }

  /** What Redis has refused since the latest user was made. */
  async refusals(): Promise<string[]> {
    const entries = (await this.admin.call('ACL', 'LOG', '100')) as string[][];
    return entries.map((entry) => {
      const fields = Object.fromEntries(entry.map((value, i) => [value, entry[i + 1]]));
      return `${fields.reason} ${fields.object} (${fields.context}, ${fields.username})`;
    });
  }

  /** Forgets which commands were sent. */
  async forgetCommands(): Promise<void> {
    await this.admin.config('RESETSTAT');
  }

  /** The commands that Redis has run since then, also in scripts. */
  async runCommands(): Promise<string[]> {
    const rows = (await this.admin.info('commandstats')).matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm);
    return [...rows].flatMap(([, command, calls]) => (Number(calls) > 0 ? [command!] : []));
  }

  async stop(): Promise<void> {
    this.admin.disconnect();
    await this.server.stop();
  }
}
