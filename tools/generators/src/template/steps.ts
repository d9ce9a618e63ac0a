import type { Tree } from '@nx/devkit';

/** One run of a generator. Its options are all that it needs, so that `update` can do it again on another version. */
export interface TemplateStep {
  /** As in `generators.json`. */
  readonly generator: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Where this repository came from, and what was done to it since: what `update` reads. */
export interface TemplateRecord {
  readonly template: {
    /** Where updates come from: what `git fetch` takes. */
    readonly repository?: string;
    /** The commit of the template that is in this repository. */
    readonly commit?: string;
    /** Its tag; for people. */
    readonly version?: string;
  };
  readonly steps: readonly TemplateStep[];
  /** Files that `check` finds different from the template, and that are meant to be. */
  readonly accepted?: readonly string[];
}

/** A rename gives the file another name as well. */
export const recordFile = '.causeway-template.json';

/** @returns an empty record when there is no file */
export function readRecord(tree: Tree): TemplateRecord {
  const text = tree.exists(recordFile) ? tree.read(recordFile, 'utf8') : null;
  return text === null ? { template: {}, steps: [] } : (JSON.parse(text) as TemplateRecord);
}

export function writeRecord(tree: Tree, record: TemplateRecord): void {
  tree.write(recordFile, `${JSON.stringify(record, null, 2)}\n`);
}

export function recordStep(tree: Tree, step: TemplateStep): void {
  const record = readRecord(tree);
  writeRecord(tree, { ...record, steps: [...record.steps, step] });
}

/** Takes steps back that the tree no longer shows: of a service that was generated and then removed. */
export function forgetSteps(tree: Tree, forgotten: (step: TemplateStep) => boolean): void {
  const record = readRecord(tree);
  writeRecord(tree, { ...record, steps: record.steps.filter((step) => !forgotten(step)) });
}
