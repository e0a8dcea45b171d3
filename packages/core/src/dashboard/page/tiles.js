import { byId, element, keyedChildren, setAttribute, setText } from './dom.js';
import { formatDuration, formatNumber, formatRate, plural } from './format.js';

const orNone = (ms) => (ms === null ? '–' : formatDuration(ms));

function tilesOf(state) {
  const { stats, workers, tagCounts } = state.latest;
  const { perSecond, waited, ran, failed } = state.summary();
  const busy = stats.workersRunning;
  const idle = plural(stats.workersIdle, 'idle', 'idle');
  const paused = tagCounts.paused > 0 ? `, ${formatNumber(tagCounts.paused)} paused` : '';
  return [
    {
      name: 'Waiting',
      value: formatNumber(stats.waiting),
      note: stats.delayed > 0 ? `${formatNumber(stats.delayed)} delayed` : 'none delayed',
    },
    { name: 'Running', value: formatNumber(stats.active), note: plural(stats.tagsBound, 'tag') + ' bound' },
    {
      name: 'Tags in line',
      value: formatNumber(stats.tagsWaiting),
      note: `${plural(tagCounts.ready, 'ready', 'ready')}${paused}`,
    },
    {
      name: 'Workers',
      value: `${formatNumber(busy)} / ${formatNumber(Math.max(busy + stats.workersIdle, workers.length))}`,
      note: `busy, ${idle}`,
    },
    { name: 'Throughput', value: `${formatRate(perSecond)} /s`, note: 'last minute' },
    { name: 'Waited', value: orNone(waited), note: 'median, 1 min' },
    { name: 'Ran', value: orNone(ran), note: 'median, 1 min' },
    {
      name: 'Failed',
      value: formatNumber(stats.failed),
      note: `${formatNumber(failed)} in a minute`,
      kind: stats.failed > 0 ? 'bad' : null,
    },
  ];
}

/** The numbers at the top. */
export function showTiles(state) {
  keyedChildren(
    byId('tiles'),
    tilesOf(state),
    ({ name }) => name,
    ({ name }) => {
      const [value, note] = [element('dd'), element('dd')];
      const node = element('div', { class: 'tile' }, element('dt', { text: name }), value, note);
      return {
        node,
        update: (tile) => {
          setText(value, tile.value);
          setText(note, tile.note);
          setAttribute(node, 'data-kind', tile.kind ?? null);
        },
      };
    },
  );
}
