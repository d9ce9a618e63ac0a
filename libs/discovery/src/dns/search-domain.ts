import { readFileSync } from 'node:fs';

/**
 * Returns the first search domain of resolv.conf(5). In a pod that is its own namespace, `causeway.svc.cluster.local`,
 * whatever namespace and cluster are called. Only the first: with all of them, as ndots would have it, a name that is
 * missing for a moment would be asked for in the domains of the machine, where somebody else may own it.
 * @param text Default: the system's file.
 * @returns undefined without one
 */
export function firstSearchDomain(text = systemFile()): string | undefined {
  const lines = text.split('\n').filter((line) => /^(search|domain)\s/.test(line));
  // The last of several counts.
  const domain = lines.at(-1)?.trim().split(/\s+/)[1]?.replace(/\.$/, '');
  return domain || undefined;
}

function systemFile(): string {
  try {
    return readFileSync('/etc/resolv.conf', 'utf8');
  } catch {
    return '';
  }
}
