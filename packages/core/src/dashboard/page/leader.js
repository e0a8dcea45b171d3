import { byId, element, emptyState, keyedChildren, setText } from './dom.js';
import { formatAge, formatDuration, formatMoment, formatTime, plural, shortWorker } from './format.js';
import { context } from './page-context.js';

const says = {
  elected: ({ subject }) => `${subject} became leader`,
  'took-over': ({ subject, detail }) => `${subject} took over from ${detail}, which was silent`,
  leaderless: ({ subject }) => `No leader for a whole lease, noticed by ${subject}`,
  recovered: ({ subject, detail }) =>
    `Worker ${shortWorker(subject)} was declared dead; ${plural(Number(detail), 'task')} went back`,
  paused: () => 'The queue was paused',
  resumed: () => 'The queue was resumed',
};

const lines = {};
let facts;

function makeFacts() {
  const line = (key, label) => {
    lines[key] = element('dd');
    return [element('dt', { text: label }), lines[key]];
  };
  lines.name = element('span');
  lines.health = element('span', { class: 'badge' });
  return element(
    'div',
    {},
    element('p', { class: 'leader-name' }, lines.name, lines.health),
    element(
      'dl',
      { class: 'facts' },
      ...line('since', 'Leads since'),
      ...line('beat', 'Last sign of life'),
      ...line('lease', 'Lease'),
      ...line('changes', 'Leader changes'),
    ),
  );
}

/** Who leads, since when, and what changed. */
export function showLeader(state) {
  const place = byId('leader');
  const { leader, now, knownSince } = state.latest;
  if (leader === null) {
    if (place.dataset.shown !== 'none')
      place.replaceChildren(emptyState('There is no leader: nothing is scheduled'));
    place.dataset.shown = 'none';
  } else {
    facts ??= makeFacts();
    if (place.dataset.shown !== 'leader') place.replaceChildren(facts);
    place.dataset.shown = 'leader';
    const silent = leader.silentForMs > context.heartbeatTimeoutMs;
    setText(lines.name, leader.nodeId);
    setText(lines.health, silent ? 'silent' : 'alive');
    lines.health.dataset.kind = silent ? 'bad' : 'good';
    setText(
      lines.since,
      leader.since > 0
        ? `${formatMoment(leader.since, now)}, for ${formatDuration(now - leader.since)}`
        : 'unknown',
    );
    setText(
      lines.beat,
      formatAge(leader.silentForMs) === 'now' ? 'now' : `${formatAge(leader.silentForMs)} ago`,
    );
    setText(lines.lease, leader.leaseMs < 0 ? 'without end' : `${formatDuration(leader.leaseMs)} left`);
    const changes = state.incidents.filter(({ kind }) => kind === 'elected' || kind === 'took-over').length;
    setText(
      lines.changes,
      changes === 0 ? `none since ${formatTime(knownSince)}` : `${changes} since ${formatTime(knownSince)}`,
    );
  }
  showIncidents(state.incidents, now);
}

function showIncidents(incidents) {
  const place = byId('incidents');
  const items = incidents.length > 0 ? incidents : [{ id: 'none' }];
  keyedChildren(
    place,
    items,
    ({ id }) => id,
    (incident) => {
      if (incident.id === 'none')
        return {
          node: element(
            'li',
            {},
            element('span', { class: 'muted', text: '–' }),
            element('span', { class: 'muted', text: 'Nothing in the last minutes' }),
          ),
          update: () => undefined,
        };
      const when = element('time', {
        datetime: new Date(incident.at).toISOString(),
        text: formatTime(incident.at),
      });
      return {
        node: element('li', {}, when, element('span', { text: says[incident.kind](incident) })),
        update: () => undefined,
      };
    },
  );
}
