import { loadSettings, SettingsInvalid } from '@causeway/config';
import { settings } from './config.js';

const { CORS_ORIGINS, TRUST_PROXY } = settings;
const load = (value?: string) => loadSettings({ TRUST_PROXY }, value === undefined ? {} : { TRUST_PROXY: value });

test.each(['10.0.0.0/8', '127.0.0.1', 'loopback, 192.168.0.0/16', '::1', 'fd00::/8'])('%s names proxies', (value) => {
  expect(load(value).TRUST_PROXY).toEqual(value.split(', '));
});

test('nobody is trusted by default', () => expect(load().TRUST_PROXY).toBeUndefined());

test.each(['true', '1', '10.0.0.0/33', '10.0.0', '::1/129', '10.0.0.0/8/1', 'proxy.example', '10.0.0.0/'])(
  '%s is refused: everybody, or nobody, would be trusted by mistake',
  (value) => expect(() => load(value)).toThrow(SettingsInvalid),
);

test('origins are written as browsers send them', () => {
  const origins = (value: string) => loadSettings({ CORS_ORIGINS }, { CORS_ORIGINS: value }).CORS_ORIGINS;
  expect(origins('https://shop.example.org, http://127.0.0.1:5173')).toHaveLength(2);
  for (const wrong of [
    '*',
    'null',
    'shop.example.org',
    'https://shop.example.org/',
    'https://Shop.example.org',
    'https://*.example.org:443',
  ])
    expect(() => origins(wrong)).toThrow();
});
