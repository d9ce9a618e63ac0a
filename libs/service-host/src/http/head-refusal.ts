import type { IncomingMessage } from 'node:http';
import { isPercentEncodedUtf8 } from './body-parser.js';
import { hasUnknownExpectation, maxHeadersBytes, maxUriBytes } from './protocol.js';
import { refusalOf, RequestRefused } from './refusals.js';

/** Syntax of a Host header (RFC 3986, 3.2.2 and 3.2.3); empty if the target has no authority. */
const host = /^[\w.~!$&'()*+,;=%-]*(?::\d*)?$|^\[[0-9a-f:.]+\](?::\d*)?$/i;

/**
 * Says why a request is rejected by its request line and headers alone, before routing. A query that is not UTF-8 would be stored as text that
 * was never sent, and of two Host headers one hop might read the first and another the second.
 * @returns undefined if the head is fine.
 */
export function headRefusal(request: IncomingMessage): RequestRefused | undefined {
  const url = request.url ?? '';
  if (url.length > maxUriBytes) return refusalOf(414);
  const { bytes, hosts } = measure(request.rawHeaders);
  if (bytes > maxHeadersBytes) return refusalOf(431);
  const missing = hosts === 0 && request.httpVersion === '1.1';
  if (missing || hosts > 1 || !host.test(request.headers.host ?? ''))
    return malformed('A request needs one valid Host header.', 'Set Host to the name of the host that you connect to.');
  if (/[^\x21-\x7e]/.test(url) || !isPercentEncodedUtf8(url))
    return malformed(
      'The address is not percent-encoded UTF-8.',
      'Encode every character of the address that is not plain ASCII as UTF-8.',
    );
  return hasUnknownExpectation(request) ? refusalOf(417) : undefined;
}

function measure(rawHeaders: readonly string[]): { bytes: number; hosts: number } {
  let bytes = 0;
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    bytes += name.length + rawHeaders[at + 1]!.length + 4; // ": " and CRLF
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return { bytes, hosts };
}

const malformed = (message: string, remedy: string): RequestRefused =>
  new RequestRefused('MALFORMED_REQUEST', message, remedy);
