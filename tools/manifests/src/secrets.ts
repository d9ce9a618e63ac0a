import { containersOf, environmentOf, podsOf, type Rendered } from './objects.js';
import { secretFile } from './policies/settings.js';

/**
 * Returns the Secrets that must exist before these objects can run: the keys of each, sorted.
 * They follow from the settings that are read from files (`…_FILE`), from `secretKeyRef` and from the items of volumes.
 */
export function secretsOf(rendered: Rendered): Readonly<Record<string, readonly string[]>> {
  const keys = new Map<string, Set<string>>();
  const add = (secret: string, key: string): void => void keys.set(secret, (keys.get(secret) ?? new Set()).add(key));
  for (const { spec } of podsOf(rendered)) {
    for (const { secret } of spec.volumes ?? []) {
      for (const { key } of secret?.items ?? []) add(secret!.secretName!, key);
    }
    for (const container of containersOf(spec)) {
      for (const { name, value, secret } of environmentOf(rendered, container)) {
        if (secret) add(secret.name, secret.key);
        const file = name.endsWith('_FILE') && value ? secretFile(spec, container, value) : undefined;
        if (file) add(file.secret, file.key);
      }
    }
  }
  return Object.fromEntries([...keys].sort().map(([name, all]) => [name, [...all].sort()]));
}
