import type { RecentEvent } from './recent-events.js';

/** Something that an operator wants to know about, beside the tasks. */
export interface IncidentView {
  readonly id: string;
  /** ms since the epoch, by Redis' clock. */
  readonly at: number;
  readonly kind: 'elected' | 'took-over' | 'leaderless' | 'recovered' | 'paused' | 'resumed';
  /** The node or worker; "" for the queue. */
  readonly subject: string;
  /** Of a takeover: the node that was silent; of a recovery: how many tasks went back. */
  readonly detail: string;
}

const maxIncidents = 50;

/** Changes of the leader, recoveries of workers, pauses of the queue. */
export class Incidents {
  readonly #incidents: IncidentView[] = [];
  #isChanged = false;

  apply({ id, at, name, values }: RecentEvent): void {
    const [subject = '', detail = ''] = values;
    const put = (kind: IncidentView['kind'], about = detail): void => {
      this.#incidents.unshift({ id, at, kind, subject, detail: about });
      this.#incidents.length = Math.min(this.#incidents.length, maxIncidents);
      this.#isChanged = true;
    };
    if (name === 'leaderChanged') put(detail === '' ? 'elected' : 'took-over', detail.replace(/:\d+$/, ''));
    else if (name === 'leaderless' || name === 'recovered' || name === 'paused' || name === 'resumed')
      put(name);
  }

  /** The latest first. */
  all(): readonly IncidentView[] {
    return [...this.#incidents];
  }

  /** All of them if there is a new one. */
  takeChanges(): readonly IncidentView[] | undefined {
    if (!this.#isChanged) return undefined;
    this.#isChanged = false;
    return this.all();
  }
}
