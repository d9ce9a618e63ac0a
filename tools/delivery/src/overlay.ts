import { parseDocument, YAMLMap, type YAMLSeq } from 'yaml';
import { DeliveryRefused } from './refused.js';
import type { ReleasedImage, BuiltRelease } from './release.js';

const ours = /^causeway\/(.+?)(-canary)?$/;
const versionLabel = 'app.kubernetes.io/version';

/**
 * Sets images, by digest, and the version in the kustomization.yaml of an overlay. Comments and all else stay. A canary
 * that the overlay takes keeps its image: a person has decided which version is tried. One that it does not take yet
 * would begin as what is released.
 * @throws DeliveryRefused when the overlay has an app that the release has not
 */
export function setRelease(text: string, { version, images }: Omit<BuiltRelease, 'revision'>): string {
  const document = parseDocument(text);
  const components = ((document.get('components') as YAMLSeq | undefined)?.items ?? []).map(String);
  for (const entry of entriesOf(document.get('images'))) {
    const [, app, canary] = ours.exec(String(entry.get('name'))) ?? [];
    if (app === undefined) continue;
    if (canary && components.some((path) => path.endsWith(`/canary-${app}`))) continue;
    const image = images[app];
    if (!image) throw new DeliveryRefused(`The overlay has the app ${app}, but the release has no image of it.`);
    entry.delete('newTag');
    entry.set('newName', image.name);
    entry.set('digest', image.digest);
  }
  for (const entry of entriesOf(document.get('labels'))) {
    const pairs = entry.get('pairs');
    if (pairs instanceof YAMLMap && pairs.has(versionLabel)) pairs.set(versionLabel, version);
  }
  return document.toString({ lineWidth: 0 });
}

/** What an overlay has deployed, by app. Images without a digest are left out: nobody can say which they are. */
export function releaseIn(text: string): { version: string; images: Record<string, ReleasedImage> } {
  const document = parseDocument(text);
  const images: Record<string, ReleasedImage> = {};
  for (const entry of entriesOf(document.get('images'))) {
    const [, app, canary] = ours.exec(String(entry.get('name'))) ?? [];
    const [name, digest] = [entry.get('newName'), entry.get('digest')];
    if (app !== undefined && !canary && typeof name === 'string' && typeof digest === 'string')
      images[app] = { name, digest };
  }
  const versions = entriesOf(document.get('labels')).map((entry) => entry.getIn(['pairs', versionLabel]));
  return { version: String(versions.find((version) => version !== undefined)), images };
}

const entriesOf = (node: unknown): YAMLMap[] =>
  ((node as YAMLSeq | undefined)?.items ?? []).filter((item) => item instanceof YAMLMap);
