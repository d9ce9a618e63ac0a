import { findPython } from './find-python.js';

const anything = { version: '3.0', modules: {} };

test('what is missing is named, with the packages to install', async () => {
  const found = findPython({ version: '3.0', modules: { no_such_module: 'python3-no-such' } }, ['no-such-program']);
  await expect(found).rejects.toThrow(/no Python 3\.0 or later[^]*apt-get install python3 python3-no-such/);
});

const python = await findPython(anything).catch(() => undefined);
const withPython = python === undefined ? test.skip : test;

withPython('a Python without a module is not taken; only the package of that module is to be installed', async () => {
  const needs = { version: '3.0', modules: { json: 'python3', no_such_module: 'python3-no-such' } };
  await expect(findPython(needs)).rejects.toThrow(/lacks no_such_module[^]*apt-get install python3-no-such\n/);
});

withPython('one that is too old is not taken', async () => {
  await expect(findPython({ version: '3.999', modules: {} })).rejects.toThrow(/no Python 3\.999/);
});

withPython('a program that does not exist is passed over', async () => {
  expect(await findPython(anything, ['no-such-program', python!])).toBe(python);
});
