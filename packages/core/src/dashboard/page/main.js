import { showCharts, startCharts } from './charts.js';
import { byId, element, setText } from './dom.js';
import { followFailures, startFailures } from './failures.js';
import { showLeader } from './leader.js';
import { forgetLookup, startLookup } from './lookup.js';
import { notify, withdraw } from './notices.js';
import { act, context } from './page-context.js';
import { QueueState } from './queue-state.js';
import { follow } from './server.js';
import { startTags, showTags } from './tags.js';
import { showTiles } from './tiles.js';
import { showTimeline, startTimeline } from './timeline.js';
import { showWorkers } from './workers.js';

const connections = { live: 'Live', lost: 'Reconnecting', connecting: 'Connecting' };

let state = new QueueState();
let stop = () => undefined;
let frame;

startTimeline(() => {
  if (state.latest) draw();
});
startCharts();
startTags();
startFailures();
startLookup();
byId('pause-queue').addEventListener('click', pauseOrResume);
watch(new URLSearchParams(location.hash.slice(1)).get('queue') ?? '');

function watch(queue) {
  stop();
  state = new QueueState();
  stop = follow(queue, {
    onGreeting: greet,
    onState: (update) => {
      withdraw('trouble');
      state.apply(update);
      // Several updates that come together are drawn once; a page that nobody sees is not drawn.
      frame ??= requestAnimationFrame(() => {
        frame = undefined;
        draw();
      });
    },
    onTrouble: ({ error }) =>
      notify('trouble', 'bad', `Redis could not be asked (${error}): what you see is old`),
    onConnection: (name) => {
      byId('connection').dataset.state = name;
      setText(byId('connection'), connections[name]);
    },
  });
}

function greet({ title, queues, ...settings }) {
  const isOther = context.queue !== '' && context.queue !== settings.queue;
  Object.assign(context, settings);
  if (isOther) forgetLookup();
  document.title = title;
  setText(byId('title'), title);
  byId('read-only').hidden = !context.readOnly;
  const names = queues.map(({ queue, name }) =>
    element('button', {
      type: 'button',
      text: name ?? (queues.length === 1 ? queue : 'root'),
      title: queue,
      'aria-current': String(queue === context.queue),
      onclick: () => {
        history.replaceState(null, '', `#${new URLSearchParams({ queue })}`);
        watch(queue);
      },
    }),
  );
  const hadFocus = byId('queues').contains(document.activeElement);
  byId('queues').replaceChildren(...names);
  if (hadFocus) names.find((one) => one.getAttribute('aria-current') === 'true')?.focus();
}

function draw() {
  const { stats, leader, estimated } = state.latest;
  if (stats.paused) notify('paused', 'warn', 'This queue is paused: nothing starts until it is resumed');
  else withdraw('paused');
  if (leader === null) notify('leader', 'bad', 'There is no leader: nothing is scheduled');
  else withdraw('leader');
  if (estimated)
    notify('estimated', 'warn', 'More happens than is read: the timeline has gaps, and rates are estimates');
  else withdraw('estimated');
  const button = byId('pause-queue');
  button.hidden = context.readOnly;
  setText(button, stats.paused ? 'Resume queue' : 'Pause queue');
  showTiles(state);
  showTimeline(state);
  showCharts(state);
  showLeader(state);
  showWorkers(state);
  showTags(state);
  followFailures(state);
}

function pauseOrResume(event) {
  const isPaused = state.latest?.stats.paused;
  const [action, done] = isPaused
    ? ['resume-queue', 'The queue was resumed']
    : ['pause-queue', 'The queue was paused'];
  void act(event.currentTarget, { action }, () => done);
}
