import { parseAddressTemplate } from './address-template.js';
import { firstSearchDomain } from './search-domain.js';

test('an address template has a scheme, a host with the service in it, and a port or none', () => {
  expect(parseAddressTemplate('http://{service}-headless:8080')).toEqual({
    scheme: 'http',
    host: '{service}-headless',
    port: 8080,
  });
  expect(parseAddressTemplate('https://_http._tcp.{service}.example.org./')).toEqual({
    scheme: 'https',
    host: '_http._tcp.{service}.example.org.',
  });
});

test.each([
  'http://order:8080',
  '{service}:8080',
  'ftp://{service}',
  'http://{service}:0',
  'http://{service}:65536',
  'http://{service}:8080/path',
  'http://{service}/{service}',
  'http://user@{service}',
])('%p is no address template', (text) => {
  expect(parseAddressTemplate(text)).toBeUndefined();
});

test.each([
  [
    'that of the namespace in a pod',
    'search causeway.svc.cluster.local svc.cluster.local cluster.local ec2.internal\nnameserver 10.96.0.10\noptions ndots:5\n',
    'causeway.svc.cluster.local',
  ],
  ['the last line, as the C library does', 'domain a.example\nsearch\tb.example. c.example\n', 'b.example'],
  ['none without one', '# search a.example\nnameserver 10.0.0.1\n', undefined],
  ['none of an empty file', '', undefined],
])('the first search domain is %s', (_what, text, domain) => {
  expect(firstSearchDomain(text)).toBe(domain);
});
