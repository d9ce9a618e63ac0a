import type { TemplateFinding, CheckedRepository } from './finding.js';

const list = 'tools/system/src/services.ts';

/** A folder that is in no list is not started, deployed or checked; an entry without a folder breaks all of that. */
export function serviceFindings({ files, services }: CheckedRepository): TemplateFinding[] {
  const folders = new Set(files.flatMap((file) => /^apps\/([^/]+)\/package\.json$/.exec(file)?.[1] ?? []));
  const listed = new Set<string>(services.map(({ name }) => name));
  const unlisted = [...folders].filter((name) => !listed.has(name));
  const missing = [...listed].filter((name) => !folders.has(name));
  return [
    ...unlisted.map((name): TemplateFinding => ({
      severity: 'error',
      check: 'services',
      file: `apps/${name}`,
      reason: `${name} is not in the list of services: it has no manifests, no account of the broker, and npm start does not start it`,
      remedy: `Add it to ${list} and run npm run generate, or delete the folder.`,
    })),
    ...missing.map((name): TemplateFinding => ({
      severity: 'error',
      check: 'services',
      file: list,
      reason: `${name} is in the list of services, but apps/${name} does not exist: npm start and the images fail`,
      remedy: `Take it out of the list and run npm run generate; for a service that was removed by hand, npx causeway remove service ${name} finds the rest.`,
    })),
  ];
}
