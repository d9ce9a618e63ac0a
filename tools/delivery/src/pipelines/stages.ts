import { parse } from 'yaml';

/** From a commit to production and back, in this order. */
export const stages = [
  'affected',
  'images',
  'sbom',
  'scan',
  'sign',
  'provenance',
  'deploy',
  'smoke',
  'promote',
  'rollback',
];

/** The npm scripts of each stage, in their order. */
export type PipelineStages = ReadonlyMap<string, readonly string[]>;

const scriptsIn = (text: string): string[] => [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name]) => name!);

/** @param text A workflow of GitHub Actions: one job a stage. */
export function githubPipeline(text: string): PipelineStages {
  const { jobs } = parse(text) as { jobs: Record<string, { steps: { run?: string }[] }> };
  return new Map(
    Object.entries(jobs).map(([name, { steps }]) => [name, steps.flatMap(({ run = '' }) => scriptsIn(run))]),
  );
}

/** @param text What `gitlab-ci-local --preview` prints: every `extends` and `!reference` is resolved. */
export function gitlabPipeline(text: string): PipelineStages {
  const { stages: order, ...jobs } = parse(text) as { stages: string[] } & Record<
    string,
    { stage?: string; before_script?: string[]; script?: string[] }
  >;
  const of = (stage: string): string[] =>
    Object.values(jobs)
      .filter((job) => job.stage === stage)
      .flatMap(({ before_script = [], script = [] }) => scriptsIn([...before_script, ...script].join('\n')));
  return new Map(order.filter((stage) => !/^\.(pre|post)$/.test(stage)).map((stage) => [stage, of(stage)]));
}

/** @param text A declarative Jenkinsfile: from one `stage('…')` to the next. */
export function jenkinsPipeline(text: string): PipelineStages {
  const code = text.replace(/^\s*\/\/.*$/gm, '');
  const [, ...parts] = code.split(/\bstage\('/);
  return new Map(parts.map((part) => [part.slice(0, part.indexOf("'")), scriptsIn(part)]));
}

/** Where a pipeline is not as the others: a stage too many, missing, in another place, or with other scripts. */
export function differences(pipelines: Readonly<Record<string, PipelineStages>>): string[] {
  const [[first, wanted] = ['', new Map<string, string[]>()]] = Object.entries(pipelines);
  return Object.entries(pipelines).flatMap(([name, pipeline]) => {
    const order = [...pipeline.keys()].join(' ');
    if (order !== stages.join(' ')) return [`${name} has the stages ${order}; wanted: ${stages.join(' ')}`];
    return stages
      .filter((stage) => pipeline.get(stage)!.join(' ') !== wanted.get(stage)?.join(' '))
      .map(
        (stage) =>
          `${stage} runs ${pipeline.get(stage)!.join(', ')} in ${name}, and ${wanted.get(stage)?.join(', ')} in ${first}`,
      );
  });
}

/** Scripts of pipelines that package.json does not have. */
export const unknownScripts = (
  pipelines: Readonly<Record<string, PipelineStages>>,
  scripts: Readonly<Record<string, string>>,
): string[] =>
  Object.entries(pipelines).flatMap(([name, pipeline]) =>
    [...pipeline.values()]
      .flat()
      .filter((script) => !(script in scripts))
      .map((script) => `${name}: npm run ${script}`),
  );
