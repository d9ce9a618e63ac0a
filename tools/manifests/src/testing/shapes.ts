import type { SettingsShape } from '@causeway/config';
import { serviceNames } from '@causeway/system';

/** Everything that each service reads from its environment. */
export const shapes: Readonly<Record<string, SettingsShape>> = Object.fromEntries(
  await Promise.all(
    serviceNames.map(async (name) => {
      const file = new URL(`../../../../apps/${name}/src/service.ts`, import.meta.url).href;
      const { service } = (await import(file)) as { readonly service: { readonly settings: SettingsShape } };
      return [name, service.settings] as const;
    }),
  ),
);
