/** The page's own address, whatever prefix or proxy is in front of it; everything else is below it. */
const home = () => location.pathname.replace(/\/+$/, '');

const retryMs = 3_000;

/**
 * Follows one queue until it is stopped; connects again whenever the stream breaks.
 *
 * @param {{ onGreeting: Function, onState: Function, onTrouble: Function, onConnection: (state: string) => void }} handlers
 */
export function follow(queue, handlers) {
  let source;
  let timer;
  let stopped = false;
  const connect = () => {
    source = new EventSource(`${home()}/live?queue=${encodeURIComponent(queue)}`);
    source.addEventListener('greeting', (event) => handlers.onGreeting(JSON.parse(event.data)));
    source.addEventListener('state', (event) => {
      handlers.onConnection('live');
      handlers.onState(JSON.parse(event.data));
    });
    source.addEventListener('trouble', (event) => handlers.onTrouble(JSON.parse(event.data)));
    // After some minutes, so that whoever may see this is asked again.
    source.addEventListener('renew', () => {
      source.close();
      connect();
    });
    source.addEventListener('error', () => {
      handlers.onConnection('lost');
      // A browser gives up for good when the answer is no stream: while the application restarts, or a session has ended.
      if (source.readyState !== EventSource.CLOSED || stopped) return;
      clearTimeout(timer);
      timer = setTimeout(connect, retryMs);
    });
  };
  connect();
  return () => {
    stopped = true;
    clearTimeout(timer);
    source.close();
  };
}

export async function ask(path, parameters) {
  return answerOf(await fetch(`${home()}/${path}?${new URLSearchParams(parameters)}`, { cache: 'no-store' }));
}

export async function change(body) {
  const response = await fetch(`${home()}/actions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Affinity-Dashboard': '1' },
    body: JSON.stringify(body),
  });
  return answerOf(response);
}

async function answerOf(response) {
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const message = typeof answer.message === 'string' ? answer.message : response.statusText;
  throw new Error(message || `The server answered ${response.status}`);
}
