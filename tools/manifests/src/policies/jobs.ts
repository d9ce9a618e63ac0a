import type { IJob } from 'kubernetes-models/batch/v1';
import { appOf, ofKind, type Body, type Deployment, type Manifest, type Rendered } from '../objects.js';
import { broken, nameOf, type ManifestPolicy, type Rule } from './policy.js';

/** Services whose image has migrations: those that are given a database. */
const usesDatabase = ({ spec }: Deployment): boolean =>
  spec?.template.metadata?.labels?.['causeway.dev/postgres'] === 'client';

/** Each version migrates once, before its pods start. */
export const migrationsComeFirst: ManifestPolicy = {
  name: 'every version has its own Jobs, and pods wait for the migration',
  check: (rendered) => [
    ...ofKind<IJob & Body>(rendered, 'Job').flatMap((manifest) => broken(manifest, jobRules(rendered, manifest))),
    ...ofKind<Deployment>(rendered, 'Deployment')
      .filter(({ body }) => usesDatabase(body))
      .flatMap((manifest) => broken(manifest, waitRules(rendered, manifest))),
  ],
};

function jobRules(rendered: Rendered, { body }: Manifest<IJob>): Rule[] {
  const version = ofKind(rendered, 'Namespace')[0]?.body.metadata.labels?.['app.kubernetes.io/version'];
  const { backoffLimit, activeDeadlineSeconds, ttlSecondsAfterFinished, template } = body.spec ?? {};
  return [
    [
      version !== undefined && body.metadata.name.endsWith(`-${version}`),
      'the next version cannot replace it: the pods of a Job do not change',
      'let the overlay append app.kubernetes.io/version to the names of Jobs (its `replacements`)',
    ],
    [
      /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(body.metadata.name),
      'its name is not a DNS label, so its pods get unexpected names',
      'write the version with dashes: v1-4-0',
    ],
    [
      backoffLimit !== undefined && activeDeadlineSeconds !== undefined && ttlSecondsAfterFinished !== undefined,
      'it may try for ever, or stay for ever',
      'set backoffLimit, activeDeadlineSeconds and ttlSecondsAfterFinished',
    ],
    [
      template?.spec?.activeDeadlineSeconds !== undefined,
      'its pods count against the quota of services, whose pods wait for it',
      'set template.spec.activeDeadlineSeconds, which puts them into the quota `jobs`',
    ],
    [template?.spec?.restartPolicy === 'Never', 'the logs of a failed try are lost', 'set restartPolicy: Never'],
  ];
}

function waitRules(rendered: Rendered, { body }: Manifest<Deployment>): Rule[] {
  const { initContainers = [], containers = [] } = body.spec?.template.spec ?? {};
  const image = containers[0]?.image;
  const imageOf = (each: IJob): string | undefined => each.spec?.template.spec?.containers[0]?.image;
  const jobs = ofKind<IJob & Body>(rendered, 'Job').filter(
    ({ body: each }) =>
      appOf(imageOf(each)) === appOf(image) && each.spec?.template.spec?.containers[0]?.args?.[0] === 'migrate',
  );
  return [
    [
      initContainers.some((container) => container.image === image && container.args?.[0] === 'wait-for-schema'),
      'its pods start before the schema is new enough',
      'add the component base/service/with-database: an init container of the same image with args [wait-for-schema]',
    ],
    [
      jobs.some(({ body: each }) => imageOf(each) === image),
      `nothing migrates for its image${jobs.map(({ body: each }) => `; ${nameOf(each)} runs another one`).join('')}`,
      'add the component base/service/with-database, and set the image in images of the overlay',
    ],
  ];
}
