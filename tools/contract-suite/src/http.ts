import { request } from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The parsed body; undefined when there is none, or when it is no JSON. */
  readonly body: unknown;
}

export interface Call {
  readonly method: string;
  /** Absolute, or below the URL of the service. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** As it goes over the wire. */
  readonly body?: string | Buffer;
}

/**
 * Sends one request on a connection of its own. Not `fetch`: it would keep connections open, on which a service that
 * stops waits, and it refuses some requests that a service must be able to refuse itself.
 */
export function sendRequest({ method, url, headers = {}, body }: Call): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const call = request(
      url,
      { method, agent: false, headers: { ...length, ...headers }, timeout: 30_000 },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const pairs = Object.entries(response.headers).map(([name, value]) => [name, [value].flat().join(', ')]);
          resolve({
            status: response.statusCode ?? 0,
            headers: Object.fromEntries(pairs) as Record<string, string>,
            text,
            body: parsed(text),
          });
        });
      },
    );
    call.once('timeout', () => call.destroy(new Error(`no answer within 30 s: ${method} ${url}`)));
    call.once('error', reject);
    call.end(body);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
