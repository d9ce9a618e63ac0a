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
