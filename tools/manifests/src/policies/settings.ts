import type { SettingsShape } from '@causeway/config';
import type { IContainer } from 'kubernetes-models/v1';
import {
  appOf,
  containersOf,
  environmentOf,
  podsOf,
  type Manifest,
  type Pods,
  type Rendered,
  type Variable,
} from '../objects.js';
import type { Finding, ManifestPolicy } from './policy.js';

/** Read by Node itself. */
const notSettings = new Set(['NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS']);

/**
 * Every container of ours gets the settings that its service requires, with values that the service accepts, and none
 * that it does not know.
 * @param shapes Settings of each app by its name, those of the host and of telemetry included.
 */
export const settingsFit = (shapes: Readonly<Record<string, SettingsShape>>): ManifestPolicy => ({
  name: 'every setting that a service requires is there, and no unknown one',
  check: (rendered) =>
    podsOf(rendered).flatMap((pods) =>
      containersOf(pods.spec).flatMap((container) => {
        const app = appOf(container.image);
        if (app === undefined) return [];
        const shape = shapes[app];
        return shape ? check(rendered, pods, container, app, shape) : [noSuchApp(pods.manifest, app)];
      }),
    ),
});

const noSuchApp = (manifest: Manifest, app: string): Finding => ({
  manifest,
  problem: `there is no app ${app}`,
  remedy: 'let the image be causeway/<a folder of apps/>',
});

function check(rendered: Rendered, pods: Pods, container: IContainer, app: string, shape: SettingsShape): Finding[] {
  const { manifest } = pods;
  // As loadSettings does: an empty variable counts as missing.
  const variables = environmentOf(rendered, container).filter(({ value }) => value !== '');
  const given = (name: string): Variable | undefined => variables.find((each) => each.name === name);
  const where = `container ${container.name}`;
  const settings = `k8s/base/${app}/settings.env, or configMapGenerator of the overlay`;
  return [
    ...variables
      .filter(({ name }) => !(name in shape) && !(name.replace(/_FILE$/, '') in shape) && !notSettings.has(name))
      .map(({ name }) => ({
        manifest,
        problem: `${where} is given ${name}, which ${app} does not know`,
        remedy: `remove it from ${settings}, or add it to apps/${app}/src/config.ts`,
      })),
    ...Object.entries(shape).flatMap(([name, schema]): Finding[] => {
      const [plain, file] = [given(name), given(`${name}_FILE`)];
      if (plain && file)
        return [{ manifest, problem: `${where} is given both ${name} and ${name}_FILE`, remedy: 'give one' }];
      if (file) return fileProblems(pods, container, file);
      if (!plain) {
        if (schema.safeParse(undefined).success) return [];
        return [
          {
            manifest,
            problem: `${where} is not given ${name}, which ${app} requires`,
            remedy: `add it to ${settings}`,
          },
        ];
      }
      if (plain.origin === 'secret' || plain.origin === 'pod') return [];
      // $(NAME) is put in by the kubelet; any text stands for it.
      const parsed = schema.safeParse(plain.value?.replaceAll(/\$\([A-Z_]+\)/g, 'x'));
      if (parsed.success) return [];
      const expected = parsed.error.issues.map(({ message }) => message).join('; ');
      return [
        {
          manifest,
          problem: `${where} is given a ${name} that ${app} refuses: ${expected}`,
          remedy: `correct it in ${settings}`,
        },
      ];
    }),
  ];
}

/** A setting from a file needs a mounted Secret that has a file of that name. */
function fileProblems({ manifest, spec }: Pods, container: IContainer, { name, value = '' }: Variable): Finding[] {
  if (secretFile(spec, container, value)) return [];
  const remedy = 'mount a Secret as a volume there, and let the file be one of its keys';
  return [
    { manifest, problem: `container ${container.name}: ${name} names ${value}, where no Secret is mounted`, remedy },
  ];
}

/** The key of the Secret behind a path in a container. */
export function secretFile(
  { volumes }: Pods['spec'],
  { volumeMounts }: IContainer,
  path: string,
): { secret: string; key: string } | undefined {
  const [, folder, file] = /^(.*)\/([^/]+)$/.exec(path) ?? [];
  const mount = volumeMounts?.find(({ mountPath }) => mountPath === folder);
  const secret = volumes?.find(({ name }) => name === mount?.name)?.secret;
  if (!secret?.secretName || file === undefined) return undefined;
  if (!secret.items) return { secret: secret.secretName, key: file };
  const item = secret.items.find((each) => each.path === file);
  return item && { secret: secret.secretName, key: item.key };
}
