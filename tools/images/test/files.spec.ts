import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { services as listed } from '@causeway/system';
import { parse } from 'yaml';

const docker = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../docker/${path}`, import.meta.url)), 'utf8');

describe('compose.yaml', () => {
  interface Service {
    readonly image: string;
    readonly command?: readonly string[];
    readonly read_only?: boolean;
    readonly cap_drop?: readonly string[];
    readonly security_opt?: readonly string[];
    readonly mem_limit?: string;
    readonly privileged?: boolean;
    readonly ports?: readonly string[];
    readonly secrets?: readonly (string | { readonly source: string; readonly target: string })[];
    readonly volumes?: readonly string[];
    readonly environment?: Readonly<Record<string, string>>;
    readonly depends_on?: Readonly<Record<string, { condition: string }>>;
  }
  // Every service merges what others have in common: more aliases than a stranger's file may have.
  const compose = parse(docker('compose.yaml'), { merge: true, maxAliasCount: -1 }) as {
    services: Record<string, Service>;
    secrets: Record<string, { file: string }>;
  };
  const services = Object.entries(compose.services);

  test.each(services)(
    '%s: read-only root, no capabilities, no new privileges, a memory limit, loopback only',
    (_, service) => {
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        mem_limit: expect.stringMatching(/^\d+m$/),
      });
      expect(service.privileged).toBeUndefined();
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
    },
  );

  test.each(services)(
    '%s: is given the secrets that its settings name, and no others',
    (name, { secrets = [], environment = {} }) => {
      const files = Object.values(environment)
        .filter((value) => String(value).startsWith('/run/secrets/'))
        .map((value) => value.slice('/run/secrets/'.length));
      const sources = secrets.map((secret) => (typeof secret === 'string' ? secret : secret.source));
      if (name !== 'postgres' && name !== 'databases') expect(sources.sort()).toEqual(files.sort());
      for (const secret of sources) expect(compose.secrets[secret]).toEqual({ file: `./secrets/${secret}` });
    },
  );

  test.each(services)('%s: whoever reaches a server knows who vouches for it', (_, { environment = {} }) => {
    const names = Object.keys(environment);
    const reaches = (setting: RegExp): boolean => names.some((each) => setting.test(each));
    expect(reaches(/^DATABASE_CA_FILE$/)).toBe(reaches(/^DATABASE_URL(_\w+)?_FILE$/));
    expect(reaches(/^NATS_CA_FILE$/)).toBe(reaches(/^NATS_PASSWORD_FILE$/));
  });

  test('PostgreSQL and NATS take encrypted connections only', () => {
    const { postgres, databases, nats } = compose.services;
    const tls = ['--ssl=on', '--ssl_cert_file=/run/secrets/postgres.crt', '--hba_file=/etc/postgresql/pg_hba.conf'];
    expect(postgres!.command).toEqual(expect.arrayContaining(tls));
    const rules = postgres!
      .volumes!.find((volume) => volume.endsWith(':/etc/postgresql/pg_hba.conf:ro'))!
      .split(':')[0]!;
    expect(docker(rules)).toMatch(/^hostssl all all all scram-sha-256$/m);
    expect(docker(rules)).not.toMatch(/^host(nossl|gssenc|nogssenc)? /m);
    expect(databases!.environment).toMatchObject({ PGSSLMODE: 'verify-full' });
    expect(docker('nats/nats.conf')).toMatch(/^tls \{\n {2}cert_file: "\/etc\/nats-tls\/tls.crt"/m);
    expect(nats!.volumes).toContain('./secrets/nats.crt:/etc/nats-tls/tls.crt:ro');
  });

  test('only what migrates can change a schema', () => {
    for (const [name, { environment = {} }] of services)
      expect([name, 'MIGRATION_DATABASE_URL_FILE' in environment]).toEqual([name, name.startsWith('migrate-')]);
  });

  test.each(listed)('$name starts once its schema and the topology are there', ({ name, database, nats }) => {
    const after = compose.services[name]?.depends_on ?? {};
    const done = { condition: 'service_completed_successfully' };
    if (database) expect(after[`migrate-${name}`]).toEqual(done);
    if (nats) expect(after['provision']).toEqual(done);
  });

  type Settings = Readonly<Record<string, { safeParse(value: unknown): { readonly success: boolean } }>>;

  /** Loaded by path, because tools do not depend on applications. */
  async function settingsOf(image: string): Promise<Settings> {
    const load = (path: string): Promise<unknown> => import(new URL(`../../../${path}`, import.meta.url).href);
    if (image === 'cli')
      return ((await load('tools/cli/src/target/inside.ts')) as { insideSettings: Settings }).insideSettings;
    return ((await load(`apps/${image}/src/service.ts`)) as { service: { settings: Settings } }).service.settings;
  }

  test.each(services.filter(([, { image }]) => image.startsWith('causeway/')))(
    '%s: every setting that it requires is given, and none that it does not know',
    async (_, { image, environment = {} }) => {
      const shape = await settingsOf(/^causeway\/([\w-]+):/.exec(image)?.[1] ?? '');
      const given = Object.keys(environment).map((name) => name.replace(/_FILE$/, ''));
      // From the image.
      const fixed = ['HTTP_HOST', 'HTTP_PORT', 'MANAGEMENT_PORT'];
      const required = Object.entries(shape).flatMap(([name, schema]) =>
        schema.safeParse(undefined).success ? [] : [name],
      );
      expect(required.filter((name) => ![...given, ...fixed].includes(name))).toEqual([]);
      expect(given.filter((name) => !(name in shape))).toEqual([]);
    },
  );
});
