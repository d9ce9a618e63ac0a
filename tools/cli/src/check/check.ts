import { titleOf } from '@causeway/generators/names';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TemplateRecord } from '@causeway/generators/steps';
import { services } from '@causeway/system';
import { CommandFailed } from '../failure.js';
import { baseCommit } from '../update/base-commit.js';
import { Stopped } from '../update/child-process.js';
import { readTemplateRecord } from '../update/finish.js';
import { Git } from '../update/git.js';
import { replayOne } from '../update/replay.js';
import { TemplateRepository } from '../update/template-repository.js';
import type { UpdateParts } from '../update/update.js';
import { workFolder } from '../update/work-folder.js';
import { boundaryFindings } from './boundaries.js';
import type { CheckedRepository, TemplateFinding } from './finding.js';
import { generatedFindings } from './generated.js';
import { migrationFindings } from './migrations.js';
import { pinFindings } from './pinned-versions.js';
import { protectionFindings } from './protections.js';
import { serviceFindings } from './services.js';
import { renamedFiles, replayedFiles, type TemplateFiles } from './template-files.js';
import { versionFindings } from './version.js';

export interface CheckOptions {
  /** The template: URL or path. Default: the recorded one. */
  readonly from?: string;
  /** Commit of the template that is in the repository. Default: it is found. */
  readonly base?: string;
}

const rank = { error: 0, warning: 1, note: 2 };

/** @returns what differs from the template and from the repository's own rules, the worst first */
export async function checkRepository(options: CheckOptions, parts: UpdateParts): Promise<TemplateFinding[]> {
  const { repository: root, tooling, signal, say } = parts;
  const git = new Git(root, signal);
  const listed = await git
    .list('ls-files', '-z', '--cached', '--others', '--exclude-standard')
    .catch((error: unknown) => {
      if (error instanceof Stopped) throw error;
      throw new CommandFailed(`${root} is not a Git repository`, 'Clone it with Git.');
    });
  const record = readTemplateRecord(root);
  const template = await openTemplate(git, record, options, parts);
  const repository: CheckedRepository = { root, git, files: listed, services, template };
  const findings: TemplateFinding[] = [];
  for (const [title, look] of [
    ['services', serviceFindings],
    ['generated files', (one: CheckedRepository) => generatedFindings(one, tooling)],
    ['migrations', migrationFindings],
    ['protections', protectionFindings],
    ['pinned versions', pinFindings],
    ['version', versionFindings],
    ['boundaries', (one: CheckedRepository) => boundaryFindings(one, tooling)],
  ] as const) {
    say(`looking at ${title}`);
    findings.push(...(await look(repository)));
  }
  const accepted = new Set(record.accepted ?? []);
  return findings
    .map((finding) => (accepted.has(finding.file) ? { ...finding, severity: 'note' as const } : finding))
    .sort((a, b) => rank[a.severity] - rank[b.severity]);
}

/**
 * Steps that leave the template’s own files as they are but for names. A service is none of them: it makes room in the
 * quotas of the cluster.
 */
const adding = new Set(['rename', 'event', 'command', 'rpc', 'consumer', 'migration', 'route']);

/** @returns undefined when it is not known or cannot be reached, unless somebody named it */
async function openTemplate(
  git: Git,
  record: TemplateRecord,
  { from, base }: CheckOptions,
  parts: UpdateParts,
): Promise<TemplateFiles | undefined> {
  const source = from ?? record.template.repository;
  if (source === undefined) return undefined;
  try {
    parts.say(`fetching ${source}`);
    const template = await TemplateRepository.open(parts.cache, parts.repository, source, parts.signal);
    const newest = await template.find(undefined);
    const commit = await baseCommit(git, template, newest.commit, { named: base, recorded: record.template.commit });
    const version = { commit, version: await template.nameOf(commit) };
    const behind = await template.git.succeeds('merge-base', '--is-ancestor', version.commit, newest.commit);
    const of = { git: template.git, version, newest: behind ? newest : version };
    const work = workFolder(parts.cache);
    const onlyAdded = record.steps.every(({ generator }) => adding.has(generator));
    const replayed = await replayOne(version, record.steps, {
      ...parts,
      cache: template.git,
      work,
      cachedOnly: onlyAdded,
    });
    if (replayed !== undefined) return await replayedFiles({ ...of, commit: replayed.commit });
    return await renamedFiles(
      { ...of, commit },
      await namesIn(template.git, commit),
      namesHere(parts.repository, record),
    );
  } catch (error) {
    if (from !== undefined || error instanceof Stopped || !(error instanceof CommandFailed)) throw error;
    parts.say(error.message);
    return undefined;
  }
}

async function namesIn(git: Git, commit: string): Promise<{ name: string; title: string }> {
  const { name } = JSON.parse((await git.show(commit, 'package.json')) ?? '{}') as { name: string };
  return { name, title: titleIn(await git.show(commit, 'README.md'), name) };
}

function namesHere(root: string, { steps }: TemplateRecord): { name: string; title: string } {
  const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { name: string };
  const title = steps.find(({ generator }) => generator === 'rename')?.options['title'];
  return { name, title: typeof title === 'string' ? title : titleOf(name) };
}

const titleIn = (readme: string | undefined, name: string): string =>
  /^# (.+)$/m.exec(readme ?? '')?.[1] ?? titleOf(name);
