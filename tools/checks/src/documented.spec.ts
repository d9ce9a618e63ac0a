import { consumers, messages, rpcs } from '@causeway/contracts';
import type { SettingsShape } from '@causeway/config';
import { serviceNames } from '@causeway/system';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './repository.js';

const apps = serviceNames;
const readme = (folder: string): string => readFileSync(join(root, folder, 'README.md'), 'utf8');
/** Where the settings of libraries are explained: their READMEs, and the guides. */
const libraries = globSync(join(root, '{libs/*/README.md,docs/guides/*.md}'))
  .map((path) => readFileSync(path, 'utf8'))
  .join('\n');
const settingsOf = async (app: string): Promise<SettingsShape> => {
  const file = pathToFileURL(join(root, 'apps', app, 'src/service.ts')).href;
  return ((await import(file)) as { service: { settings: SettingsShape } }).service.settings;
};
/** The names that a text does not explain, in whole words. */
const missing = (names: readonly string[], text: string): string[] =>
  names.filter((name) => !new RegExp(`\\b${name.replaceAll('.', '\\.')}(?![\\w.])`).test(text));

test.each(apps)('every setting of %s is explained in its README, in that of a library, or in a guide', async (app) => {
  const names = Object.keys(await settingsOf(app));
  expect(missing(names, `${readme(`apps/${app}`)}\n${libraries}`)).toEqual([]);
});

test.each(apps)('the README of %s names every message that it publishes, handles or answers', (app) => {
  const subjects = [
    ...messages.filter(({ kind, owner }) => kind === 'event' && owner === app),
    ...consumers.filter(({ service }) => service === app).map(({ message }) => message),
    ...rpcs.filter(({ owner }) => owner === app),
  ].map(({ subject }) => subject);
  expect(missing(subjects, readme(`apps/${app}`))).toEqual([]);
});

test('a name that is not there is reported, also when a longer one is', () => {
  expect(missing(['PSP_URL', 'PSP'], 'PSP_URL_BASE and `PSP`')).toEqual(['PSP_URL']);
});
