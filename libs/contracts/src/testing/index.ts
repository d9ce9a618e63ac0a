import { undeclared } from './undeclared.js';

/**
 * For a test file that talks to a service by `fetch`: once its tests are over, fails for every answer of an operation that has a status, a header, an
 * error code or a field that the OpenAPI document does not declare, or lacks one that it promises.
 */
export function expectDeclaredResponses(): void {
  const { fetch } = globalThis;
  const found = new Set<string>();
  beforeAll(() => {
    globalThis.fetch = async (input, init) => {
      const response = await fetch(input, init);
      const request = input instanceof Request ? input : undefined;
      const { url = String(input), method = init?.method ?? 'GET' } = request ?? {};
      const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
      const text = isStream ? '' : await response.clone().text();
      const { status, headers } = response;
      for (const each of undeclared({ method, url, status, headers, text })) found.add(each);
      return response;
    };
  });
  afterAll(() => {
    globalThis.fetch = fetch;
    expect([...found]).toEqual([]);
  });
}
