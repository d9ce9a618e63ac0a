import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { secretSettings, services } from '@causeway/system';
import { createLogger, redact, type LogFields } from '@causeway/telemetry';
import { callerFields, logLine } from '@causeway/telemetry/log-schema';
import { root, sourceFiles } from './repository.js';

// That code logs nothing but fields of the schema, the compiler checks: the logger's type has no others.

const sources = sourceFiles(['apps', 'libs'])
  .filter((path) => !/\.spec\.ts$|\/test(ing)?\/|\/log-schema\.ts$/.test(path))
  .map((path) => ({ path: relative(root, path), text: readFileSync(path, 'utf8') }));

test('every line goes through the logger that has the type', () => {
  const around = sources.filter(({ path, text }) => !path.startsWith('libs/telemetry/') && /from 'pino/.test(text));
  expect(around.map(({ path }) => path)).toEqual([]);
});

test('every field of the schema is logged somewhere', () => {
  const logging = sources.filter(({ text }) => /\blog\b|\blogger\b/.test(text)).map(({ text }) => text);
  const isLogged = (name: string): boolean => logging.some((text) => new RegExp(`\\b${name}\\b`).test(text));
  expect(callerFields.filter((name) => !isLogged(name))).toEqual([]);
});

/** Each of these must never be in a line, whatever the field. */
const planted = {
  'a token': 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl',
  'a key': 'Bearer 0123456789abcdef0123456789abcdef',
  'a password': 'postgres://order_app:hunter2-hunter2@db:5432/order',
  'an e-mail address': 'ada.lovelace@example.com',
  'a card': '4111 1111 1111 1111',
};
const giveaways = /eyJ|0123456789abcdef|hunter2|lovelace|4111/;

interface JsonSchema {
  readonly type?: string;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

/** A value as the schema wants it, with the text wherever there is room for text. */
function valueOf({ type, items, properties }: JsonSchema, text: string): unknown {
  if (items) return [valueOf(items, text)];
  if (properties)
    return Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, valueOf(each, text)]));
  return type === 'string' ? text : type === 'boolean' ? true : 7;
}

const schema = logLine.toJSONSchema() as { properties: Record<string, JsonSchema> };
const names = [...callerFields, 'scope', 'msg'] as const;

test.each(names)('nothing secret or personal comes out in %s, and the line stays valid', (name) => {
  const lines: string[] = [];
  const logger = createLogger({
    service: 'order',
    instanceId: 'order-1',
    level: 'trace',
    destination: { write: (line) => void lines.push(line) },
  });
  for (const secret of Object.values(planted)) {
    const text = `refused:\n${secret}, twice: ${secret}`;
    if (name === 'err') logger.info({ err: new Error(text, { cause: new Error(text, { cause: text }) }) }, 'refused');
    else if (name === 'msg') logger.info(text);
    else if (name === 'scope') logger.child({ scope: text }).info('refused');
    else logger.info({ [name]: valueOf(schema.properties[name]!, text) } as LogFields, 'refused');
  }
  expect(lines).toHaveLength(Object.keys(planted).length);
  for (const line of lines) {
    expect(line).not.toMatch(giveaways);
    expect(logLine.parse(JSON.parse(line))).toHaveProperty([name]);
  }
});

test('the value of every secret setting is replaced under its name', () => {
  const settings = [...new Set(services.flatMap((service) => Object.keys(secretSettings(service))))];
  expect(settings.length).toBeGreaterThan(5);
  const shown = redact(Object.fromEntries(settings.map((setting) => [setting, 'value'])));
  expect(settings.filter((setting) => shown[setting] !== '[redacted]')).toEqual([]);
});

test('the value of everything that the user service stores encrypted is replaced under its name', () => {
  const models = readFileSync(join(root, 'apps/user/prisma/schema.prisma'), 'utf8').matchAll(
    /^model (?:User|Address) \{([^]*?)^\}/gm,
  );
  const personal = [...models].flatMap(([, body]) => [...body!.matchAll(/(\w+)Sealed /g)].map(([, name]) => name!));
  expect(personal).toEqual(expect.arrayContaining(['email', 'displayName', 'line1']));
  const shown = redact(Object.fromEntries(personal.map((name) => [name, 'value'])));
  expect(personal.filter((name) => shown[name] !== '[redacted]')).toEqual([]);
});
