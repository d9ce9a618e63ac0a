import { createHash } from 'node:crypto';
import { Contrib, Enums, Models, Serialize, Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { PackageURL } from 'packageurl-js';
import parseExpression from 'spdx-expression-parse';
import { dependenciesOf, nameOf, type Lock, type LockedPackage } from './lock.js';

/** What of an image npm knows nothing about, as the image itself says. */
export interface BaseContents {
  /** `24.21.0` */
  readonly node: string;
  /** `debian` and `12`, of /etc/os-release. */
  readonly system: { readonly id: string; readonly version: string };
  readonly packages: readonly SystemPackage[];
}

export interface SystemPackage {
  readonly name: string;
  readonly version: string;
  readonly arch: string;
  /** The source package, under whose name advisories are published. */
  readonly source: { readonly name: string; readonly version: string };
}

export interface BillOptions {
  readonly app: string;
  /** Where its code is: `apps/order`. */
  readonly workspace: string;
  readonly version: string;
  readonly revision: string;
  /** Of the commit, so that the same commit gives the same document. */
  readonly created: Date;
  readonly lock: Lock;
  /** `name@version` of the packages of npm in the image, as `prune` of tools/images returns them. */
  readonly packages: readonly string[];
  /** Default: the document is about npm packages alone, and says so. */
  readonly base?: BaseContents;
}

const licences = new Contrib.License.Factories.LicenseFactory((expression) => void parseExpression(expression));

/**
 * The CycloneDX 1.6 document of one app's image, as JSON: name, version, purl, licence and hash of every package, and
 * which needs which. The hashes are those of the packed packages, which npm has checked; the image holds parts of them.
 * @throws when a package of the image is not in the lock, or the document does not keep to the schema
 */
export async function billOfMaterials(options: BillOptions): Promise<string> {
  const { app, version, revision, created, packages, base } = options;
  const bom = new Models.Bom({ serialNumber: serialNumber([app, version, revision, ...packages]) });
  bom.metadata.timestamp = created;
  const image = new Models.Component(Enums.ComponentType.Container, app, { bomRef: app, version });
  for (const [name, value] of Object.entries({
    'causeway:revision': revision,
    'causeway:covers': base ? 'npm packages, Node.js, packages of the system' : 'npm packages',
  }))
    image.properties.add(new Models.Property(name, value));
  bom.metadata.component = image;
  for (const component of [...npmComponents(options, image), ...(base ? baseComponents(base) : [])])
    bom.components.add(component);
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  const json = serializer.serialize(bom, { sortLists: true, space: 2 });
  await checkBill(json);
  return `${json}\n`;
}

/** @throws when a document does not keep to the schema of CycloneDX 1.6 */
export async function checkBill(json: string): Promise<void> {
  const problem = await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(json);
  if (problem !== null)
    throw new Error(`The bill of materials does not keep to the schema of CycloneDX: ${JSON.stringify(problem)}`);
}

function npmComponents({ workspace, lock, packages }: BillOptions, image: Models.Component): Models.Component[] {
  const places = Map.groupBy(
    Object.keys(lock).filter((place) => place.includes('node_modules/')),
    (place) => `${nameOf(place)}@${lock[place]!.version}`,
  );
  const known = packages.map((id): [string, string[]] => {
    const found = places.get(id);
    if (!found) throw new Error(`${id} is in the image, but not in package-lock.json: run npm ci and build again`);
    return [id, found];
  });
  const components = new Map(known.map(([id, [place]]) => [id, npmComponent(id, lock[place!]!)]));
  const link = (from: Models.Component, places: readonly string[]): void => {
    for (const needed of places.flatMap((place) => dependenciesOf(lock, place))) {
      const found = components.get(`${nameOf(needed)}@${lock[needed]!.version}`);
      if (found) from.dependencies.add(found.bomRef);
    }
  };
  link(image, [workspace]);
  for (const [id, found] of known) link(components.get(id)!, found);
  return [...components.values()];
}

function npmComponent(id: string, entry: LockedPackage): Models.Component {
  const [, group, name = ''] = /^(?:(@[^/]+)\/)?(.+)@[^@]+$/.exec(id) ?? [];
  const component = new Models.Component(Enums.ComponentType.Library, name, {
    bomRef: id,
    group,
    version: entry.version,
    purl: new PackageURL('npm', group, name, entry.version, undefined, undefined).toString(),
  });
  if (entry.license) component.licenses.add(licences.makeFromString(entry.license));
  const [algorithm = '', digest = ''] = entry.integrity?.split('-') ?? [];
  if (algorithm === 'sha512')
    component.hashes.set(Enums.HashAlgorithm['SHA-512'], Buffer.from(digest, 'base64').toString('hex'));
  return component;
}

function baseComponents({ node, system, packages }: BaseContents): Models.Component[] {
  const distro = `${system.id}-${system.version}`;
  return [
    new Models.Component(Enums.ComponentType.OperatingSystem, system.id, { bomRef: distro, version: system.version }),
    new Models.Component(Enums.ComponentType.Application, 'node', {
      bomRef: `node@${node}`,
      version: node,
      purl: new PackageURL('generic', undefined, 'node', node, undefined, undefined).toString(),
      cpe: `cpe:2.3:a:nodejs:node.js:${node}:*:*:*:*:*:*:*`,
    }),
    ...packages.map(({ name, version, arch, source }) => {
      const upstream = source.version === version ? source.name : `${source.name}@${source.version}`;
      return new Models.Component(Enums.ComponentType.Library, name, {
        bomRef: `${distro}/${name}:${arch}@${version}`,
        version,
        purl: new PackageURL('deb', system.id, name, version, { arch, distro, upstream }, undefined).toString(),
      });
    }),
  ];
}

/** A UUID that is the same for the same contents: two builds of one commit give one document. */
function serialNumber(contents: readonly string[]): string {
  const hex = createHash('sha256').update(contents.join('\n')).digest('hex');
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
