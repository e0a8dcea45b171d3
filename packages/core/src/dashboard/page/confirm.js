import { byId, setText } from './dom.js';

/** Asks before something that cannot be undone. @returns {Promise<boolean>} */
export function confirmed(question, yes) {
  const dialog = byId('confirm');
  const [no, go] = [byId('confirm-no'), byId('confirm-yes')];
  setText(byId('confirm-text'), question);
  setText(go, yes);
  return new Promise((resolve) => {
    const decide = (isYes) => () => {
      no.onclick = go.onclick = dialog.onclose = null;
      if (dialog.open) dialog.close();
      resolve(isYes);
    };
    no.onclick = dialog.onclose = decide(false);
    go.onclick = decide(true);
    dialog.showModal();
    no.focus();
  });
}
