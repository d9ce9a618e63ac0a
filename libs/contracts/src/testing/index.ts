export {
  declareParcels,
  labelPrinted,
  labelRefused,
  parcelLost,
  parcelPacked,
  parcelSent,
  printLabel,
  stickLabel,
} from './parcels.js';
import { undeclared } from './undeclared.js';

export { sampleOf } from './sample.js';
export { undeclared } from './undeclared.js';

/**
 * For a test file that calls a service through `fetch`. After its tests it fails for every response of an operation
 * with a status, header, error code or field that the OpenAPI document does not declare, or without one that it
 * promises.
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
