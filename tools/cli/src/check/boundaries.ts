import type { BoundaryViolation, Tooling } from '../update/tooling.js';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckedRepository, TemplateFinding } from './finding.js';

/** Imports that the rules forbid, and rules that a comment switches off. */
export async function boundaryFindings(
  { root, template }: CheckedRepository,
  tooling: Tooling,
): Promise<TemplateFinding[]> {
  const violations = await tooling.boundaryViolations(root);
  const found = await Promise.all(
    violations.map(async (violation) => {
      const { file, suppressed } = violation;
      // The template's own exceptions have a reason beside them.
      const theirs = suppressed ? await template?.read(file) : undefined;
      const known = theirs !== undefined && template?.same(readFileSync(join(root, file), 'utf8'), theirs);
      return known ? [] : [finding(violation, template !== undefined)];
    }),
  );
  return found.flat();
}

function finding({ file, line, rule, message, suppressed }: BoundaryViolation, comparable: boolean): TemplateFinding {
  const where = `line ${line}: ${message.split('\n')[0]}`;
  if (!suppressed)
    return {
      severity: 'error',
      check: 'boundaries',
      file,
      reason: `${where} (${rule ?? 'it cannot be read'}): parts that know each other cannot be changed or removed alone`,
      remedy: 'docs/decisions/0002-boundaries.md says who may know whom.',
    };
  return {
    severity: comparable ? 'warning' : 'note',
    check: 'boundaries',
    file,
    reason: `${where} (${rule}) is switched off by a comment`,
    remedy: 'Take the comment away, or accept the file in the record of the template.',
  };
}
