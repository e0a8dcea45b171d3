import type { HttpRequest } from './exchange.js';

/** Sent by the page with every change. Another site cannot make a browser send it without asking first (CORS). */
export const pageHeader = 'x-affinity-dashboard';

const ownSites: ReadonlySet<string> = new Set(['same-origin', 'none']);

/**
 * Why a change is refused: it may have been sent by another site through the browser of somebody who is signed in. Nothing
 * where it comes from the page itself, or from a program.
 */
export function foreignOrigin({ headers }: HttpRequest): string | undefined {
  if (headers[pageHeader] !== '1') return `the header ${pageHeader} is missing`;
  if (!/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) return 'it is no application/json';
  // Set by browsers alone, and by all of today; a page cannot forge it.
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return ownSites.has(String(site)) ? undefined : 'it comes from another site';
  const { origin } = headers;
  if (origin === undefined) return undefined;
  return hostOf(origin) === headers.host ? undefined : 'it comes from another origin';
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
