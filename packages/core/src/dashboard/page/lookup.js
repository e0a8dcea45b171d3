import { byId, element, emptyState } from './dom.js';
import { formatDuration, formatMoment } from './format.js';
import { context } from './page-context.js';
import { ask } from './server.js';
import { tagLabel } from './tag-color.js';

const againMs = 3_000;
const finished = new Set(['completed', 'failed', 'unknown']);

let wanted = '';
let timer;
let shown = '';

export function startLookup() {
  const [form, input] = [byId('lookup'), byId('lookup-id')];
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    lookUp(input.value.trim());
  });
  context.lookUp = (jobId) => {
    input.value = jobId;
    lookUp(jobId);
    byId('lookup').scrollIntoView({ block: 'center' });
    input.focus();
  };
}

/** Of another queue there is another task with that id, or none. */
export function forgetLookup() {
  lookUp('');
}

function lookUp(jobId) {
  wanted = jobId;
  shown = '';
  clearTimeout(timer);
  byId('lookup-result').replaceChildren();
  if (jobId !== '') void read(jobId);
}

async function read(jobId) {
  try {
    const task = await ask('task', { queue: context.queue, id: jobId });
    if (jobId !== wanted) return;
    show(task);
    // What waits is looked at again until it has finished.
    if (task.found && !finished.has(task.state)) timer = setTimeout(() => void read(jobId), againMs);
  } catch (error) {
    if (jobId === wanted) show({ error: error.message });
  }
}

function show(task) {
  // Read out again only when it says something else.
  const text = JSON.stringify(task);
  if (text === shown) return;
  shown = text;
  byId('lookup-result').replaceChildren(...contentOf(task));
}

function contentOf(task) {
  if (task.error) return [emptyState(`It could not be looked up: ${task.error}`)];
  const { explanation } = task;
  const language = navigator.language?.startsWith('zh') ? 'zh' : 'en';
  const answer = element('p', { class: 'answer', lang: language, text: explanation.text[language] });
  return [answer, ...(task.found ? [factsOf(task)] : [])];
}

function factsOf({ state, type, tag, addedAt, startedAt, finishedAt, attemptsMade, attempts, failedReason }) {
  const list = element('dl', { class: 'facts' });
  const line = (name, value) => {
    if (value === null || value === '') return;
    list.append(element('dt', { text: name }), element('dd', {}, value));
  };
  const moment = (at) => (at === null ? null : formatMoment(at, Date.now()));
  line('State', state);
  line('Type', type);
  line('Tag', tag === null ? null : tagLabel(tag));
  line('Added', moment(addedAt));
  line('Started', moment(startedAt));
  line(
    'Finished',
    finishedAt === null
      ? null
      : `${moment(finishedAt)}${startedAt === null ? '' : `, after ${formatDuration(finishedAt - startedAt)}`}`,
  );
  line('Attempts', `${attemptsMade} of ${attempts}`);
  line('Last failure', failedReason);
  return list;
}
