import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Inject, Injectable, Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { AffinityInstance } from '../../module/affinity-instance.js';
import { HistoryRecorder } from './history-recorder.js';
import { recordQueue } from './record-queue.js';

const folderToken = 'AffinityQueue:HistoryFolder';

/** Records all queues of an application. @publicApi */
@Injectable()
export class QueueHistory implements OnModuleInit {
  #recorder: HistoryRecorder | undefined;

  /** @internal */
  constructor(
    @Inject(folderToken) private readonly folder: string,
    @Inject(AffinityInstance) private readonly instance: AffinityInstance,
  ) {}

  /** What writes the file of this process; for records of the application's own, such as faults. @throws before init */
  get recorder(): HistoryRecorder {
    if (this.#recorder === undefined) throw new Error('The history begins when the module is initialised');
    return this.#recorder;
  }

  /**
   * It begins before any queue starts: they do when the application bootstraps. It ends after the connections, for which no
   * hook of this module would do: Nest calls `onApplicationShutdown` module by module, and until the last one, which closes the
   * connections, every other one may still use the queues.
   */
  onModuleInit(): void {
    const { nodeId } = this.instance;
    mkdirSync(this.folder, { recursive: true });
    const file = join(this.folder, `${nodeId}.history.jsonl`);
    const recorder = new HistoryRecorder({ file, process: nodeId, node: nodeId });
    this.#recorder = recorder;
    const detach = this.instance.queues.map((queue) => recordQueue(queue, recorder));
    this.instance.whenClosed(() => {
      for (const end of detach) end();
      recorder.close();
    });
  }
}

/**
 * Records what this process does with its queues, in a file of its own, for {@link checkHistory}. Import it once, beside
 * QueueModule; an application without it pays nothing.
 *
 * @publicApi
 * @example
 * imports: [QueueModule.forRoot({}), HistoryModule.forRoot({ folder: 'history' })]
 */
@Module({})
export class HistoryModule {
  /** @param options - `folder`: where the file goes; it is made if need be */
  static forRoot({ folder }: { folder: string }): DynamicModule {
    return {
      module: HistoryModule,
      providers: [{ provide: folderToken, useValue: folder }, QueueHistory],
      exports: [QueueHistory],
    };
  }
}
