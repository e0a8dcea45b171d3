import type { IncomingHttpHeaders, ServerResponse } from 'node:http';

/** What Express and Fastify have in common of a request. */
export interface HttpRequest {
  readonly headers: IncomingHttpHeaders;
  readonly url: string;
  readonly body?: unknown;
}

/** What Express and Fastify have in common of a response. */
export interface HttpResponse {
  status(code: number): this;
  header(name: string, value: string): this;
  send(body: string): unknown;
}

/** Of Fastify: the response of Node, and its promise to leave that alone. */
interface HijackedResponse {
  readonly raw: ServerResponse;
  hijack(): void;
}

/** Node's own response, which is ours to write from now on. */
export function takeOver(response: HttpResponse): ServerResponse {
  if (!('hijack' in response)) return response as unknown as ServerResponse;
  const { raw } = response as unknown as HijackedResponse;
  (response as unknown as HijackedResponse).hijack();
  return raw;
}

/** A parameter of the query; "" where there is none. */
export function queryOf({ url }: HttpRequest, name: string): string {
  return new URL(url, 'http://localhost').searchParams.get(name) ?? '';
}

/** For answers that nobody else may keep. */
const privateHeaders = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };

export function sendText(
  response: HttpResponse,
  body: string,
  headers: Readonly<Record<string, string>>,
): void {
  response.status(200);
  for (const [name, value] of Object.entries({ ...privateHeaders, ...headers })) response.header(name, value);
  response.send(body);
}

export function sendJson(response: HttpResponse, value: unknown): void {
  sendText(response, JSON.stringify(value), { 'Content-Type': 'application/json; charset=utf-8' });
}
