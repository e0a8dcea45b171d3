import { get, type IncomingMessage } from 'node:http';
import { until } from '../../../support/until.js';

export interface ServerEvent {
  readonly event: string;
  readonly data: any;
}

/** Reads a stream of server-sent events as a browser does. */
export class EventReader {
  readonly events: ServerEvent[] = [];
  isOver = false;
  #response: IncomingMessage | undefined;

  static async open(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
    const reader = new EventReader();
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(url, { headers }, resolve).on('error', reject);
    });
    reader.#read(response);
    return reader;
  }

  get status(): number | undefined {
    return this.#response?.statusCode;
  }

  get headers(): IncomingMessage['headers'] {
    return this.#response!.headers;
  }

  of(event: string): any[] {
    return this.events.filter((one) => one.event === event).map(({ data }) => data);
  }

  /** The first state of which this is true. */
  state(what: string, isIt: (state: any) => boolean): Promise<any> {
    return until(what, () => this.of('state').find(isIt));
  }

  close(): void {
    this.#response?.destroy();
  }

  #read(response: IncomingMessage): void {
    this.#response = response;
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      text += chunk;
      const blocks = text.split('\n\n');
      text = blocks.pop()!;
      for (const block of blocks) {
        const [, event, data] = /^event: ([^\n]*)\ndata: ([^\n]*)$/.exec(block) ?? [];
        if (event !== undefined) this.events.push({ event, data: JSON.parse(data!) });
      }
    });
    const end = (): void => void (this.isOver = true);
    response.on('end', end);
    response.on('error', end);
    response.on('close', end);
  }
}
