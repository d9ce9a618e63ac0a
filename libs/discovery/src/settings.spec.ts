import { loadSettings, SettingsInvalid } from '@causeway/config';
import { discoverySettings } from './index.js';

test('addresses are read by service, slashes at the end are dropped', () => {
  const { DISCOVERY_STATIC } = loadSettings(discoverySettings, {
    DISCOVERY_STATIC: 'order=http://127.0.0.1:3002/|http://127.0.0.1:3012, psp-sandbox=https://psp.example',
  });
  expect(DISCOVERY_STATIC).toEqual({
    order: ['http://127.0.0.1:3002', 'http://127.0.0.1:3012'],
    'psp-sandbox': ['https://psp.example'],
  });
});

test('by default addresses are static, and there are none', () => {
  expect(loadSettings(discoverySettings, {})).toMatchObject({ DISCOVERY_MODE: 'static', DISCOVERY_STATIC: {} });
});

test.each([
  'order',
  'order=',
  'order=ftp://x',
  'order=http://a|',
  'Order=http://a',
  'order=http://a;payment=nope nope',
])('the list %p is refused without showing it', (text) => {
  const load = () => loadSettings(discoverySettings, { DISCOVERY_STATIC: text });
  expect(load).toThrow(SettingsInvalid);
  expect(load).toThrow(/DISCOVERY_STATIC: expected service=http:\/\/host:port/);
});

test('the template of addresses in the DNS is read, and its servers', () => {
  const settings = loadSettings(discoverySettings, {
    DISCOVERY_MODE: 'dns',
    DISCOVERY_DNS_URL: 'http://{service}-headless:8080',
    DISCOVERY_DNS_SERVERS: '10.96.0.10, 127.0.0.1:8600,[fd00::a]:53',
  });
  expect(settings.DISCOVERY_DNS_URL).toEqual({ scheme: 'http', host: '{service}-headless', port: 8080 });
  expect(settings.DISCOVERY_DNS_SERVERS).toEqual(['10.96.0.10', '127.0.0.1:8600', '[fd00::a]:53']);
});

test.each([
  ['DISCOVERY_DNS_URL', 'http://order:8080', /DISCOVERY_DNS_URL: expected http:\/\/<host with {service} in it>/],
  ['DISCOVERY_DNS_SERVERS', 'ns.example.org', /DISCOVERY_DNS_SERVERS: .*expected addresses/],
])('%s=%s is refused', (name, value, message) => {
  expect(() => loadSettings(discoverySettings, { [name]: value })).toThrow(message);
});
