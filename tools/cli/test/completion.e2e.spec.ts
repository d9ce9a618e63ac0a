import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// The executable in a real shell. Needs the build.
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'causeway-completion-'));
  const executable = join(import.meta.dirname, '../causeway.mjs');
  writeFileSync(join(folder, 'causeway'), `#!/bin/sh\nexec "${process.execPath}" "${executable}" "$@"\n`);
  chmodSync(join(folder, 'causeway'), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

const env = () => ({ ...process.env, PATH: `${folder}:${process.env['PATH']}` });

/** What bash offers for the last word, through the script that `causeway completion bash` prints. */
function offered(...words: readonly string[]): string[] {
  const script = `
    # Of the package bash-completion, which a machine may not have.
    _get_comp_words_by_ref() { words=("\${COMP_WORDS[@]}"); cword=$COMP_CWORD; cur=\${words[cword]}; prev=\${words[cword-1]}; }
    compopt() { :; }
    source <(causeway completion bash)
    COMP_WORDS=(causeway "$@"); COMP_CWORD=$#
    eval "$(complete -p causeway | sed -E 's/.*-F ([^ ]+).*/\\1/')"
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync('bash', ['-c', script, 'bash', ...words], { env: env(), encoding: 'utf8' });
  return out
    .split('\n')
    .map((line) => line.trim().split(/\s/)[0]!)
    .filter(Boolean);
}

test('bash completes commands, options and their values', () => {
  expect(offered('dl')).toEqual(['dlq']);
  expect(offered('dlq', 're')).toEqual(['replay']);
  expect(offered('log-level', 'gate')).toEqual(['gateway']);
  expect(offered('dlq', 'replay', '--ra')).toEqual(['--rate']);
});

test.each(['zsh', 'fish'])('there is a script for %s', (shell) => {
  const script = execFileSync('causeway', ['completion', shell], { env: env(), encoding: 'utf8' });
  expect(script).toContain('causeway complete --');
});
