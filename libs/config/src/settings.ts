import { readFileSync } from 'node:fs';
import { CodedError } from '@causeway/errors';
import type { z } from 'zod';

/** The settings of a service: one zod schema per environment variable, keyed by its name. */
export type SettingsShape = Readonly<Record<string, z.ZodType>>;
export type Settings<S extends SettingsShape> = { readonly [K in keyof S]: z.output<S[K]> };

/** Some settings are missing or wrong. The message names every one of them and what is expected, never a value. */
export class SettingsInvalid extends CodedError {
  readonly code = 'SETTINGS_INVALID';
  readonly remedy = 'Correct the listed environment variables; the README of the service describes each of them.';

  constructor(readonly problems: readonly { readonly name: string; readonly message: string }[]) {
    super(
      ['These settings are not valid:', ...problems.map(({ name, message }) => `  ${name}: ${message}`)].join('\n'),
    );
  }
}

/**
 * Reads and checks all settings at once.
 *
 * Nest developers: docs/guides/if-you-know-nest.md#settings-zod-in-configts-instead-of-configmodule
 *
 * For each `NAME` of the shape the value comes from the variable `NAME`, or from the file that `NAME_FILE` names (a mounted
 * secret; one trailing line break is dropped). An empty variable counts as missing. Setting both is an error.
 *
 * @param env Where to read. Default `process.env`: this library and a service's `config.ts` are the only readers.
 * @throws SettingsInvalid with every problem found, not only the first.
 */
export function loadSettings<S extends SettingsShape>(
  shape: S,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Settings<S> {
  const problems: { name: string; message: string }[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(shape)) {
    const raw = readRaw(name, env);
    if ('problem' in raw) {
      problems.push({ name, message: raw.problem });
      continue;
    }
    const parsed = schema.safeParse(raw.value);
    if (parsed.success) values[name] = parsed.data;
    else
      problems.push({
        name,
        message: raw.value === undefined ? missing(name) : parsed.error.issues.map(describe).join('; '),
      });
  }
  if (problems.length > 0) throw new SettingsInvalid(problems);
  return values as Settings<S>;
}

type Raw = { readonly value: string | undefined } | { readonly problem: string };

function readRaw(name: string, env: Readonly<Record<string, string | undefined>>): Raw {
  const direct = env[name] || undefined;
  const file = env[`${name}_FILE`] || undefined;
  if (direct !== undefined && file !== undefined) return { problem: `set either ${name} or ${name}_FILE, not both` };
  if (file === undefined) return { value: direct };
  try {
    return { value: readFileSync(file, 'utf8').replace(/\r?\n$/, '') || undefined };
  } catch (error) {
    return {
      problem: `the file that ${name}_FILE names cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
    };
  }
}

const missing = (name: string): string => `missing; set ${name} or ${name}_FILE`;

/** zod's own messages quote the value in a few places ("received …"); a setting may be a secret, so only the expectation is kept. */
function describe(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${issue.expected}`;
    case 'invalid_value':
      return `expected one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `expected at least ${issue.minimum}${issue.origin === 'string' ? ' characters' : ''}`;
    case 'too_big':
      return `expected at most ${issue.maximum}${issue.origin === 'string' ? ' characters' : ''}`;
    case 'invalid_format':
      return `expected the format ${issue.format}`;
    case 'custom':
      return issue.message;
    default:
      return 'not valid';
  }
}
