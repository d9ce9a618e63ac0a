import type { Command } from 'commander';
import type { CommandFailed } from './failure.js';
import type { SystemTarget } from './target/target.js';

/** What a command found or did. */
export interface CommandReport {
  /** What `--json` prints. */
  readonly data: unknown;
  /** What a person reads. */
  readonly lines: readonly string[];
  /** False: something is wrong, or was not found; the exit code is 1. Default true. */
  readonly ok?: boolean;
}

export interface CommandContext {
  readonly target: SystemTarget;
  /** Who works here, for the audit trail. @throws WrongUsage in a container, whose account every person has */
  readonly who: () => string;
  readonly json: boolean;
  /** Aborts with Ctrl-C. */
  readonly signal: AbortSignal;
  /** For what is shown while the command still works. A report is printed by itself. */
  readonly print: (line: string) => void;
  /** For what it waits for: goes to standard error, and nowhere with `--json`. */
  readonly note: (line: string) => void;
}

/** Runs the work of a command against the target that its options name, prints the report and closes the target. */
export type RunCommand = (
  command: Command,
  work: (context: CommandContext) => Promise<CommandReport | undefined>,
  /** Reports when there is no target. Default: the command fails. */
  without?: (why: CommandFailed, note: (line: string) => void) => Promise<CommandReport>,
) => Promise<void>;

/** For a command that needs no running system. */
export interface LocalContext {
  /** Aborts with Ctrl-C. */
  readonly signal: AbortSignal;
  /** Shows that the command still works; nothing where JSON is asked for. */
  readonly progress: (line: string) => void;
}

/** Runs the work of a command that needs no running system. */
export type RunLocally = (
  command: Command,
  work: (context: LocalContext) => CommandReport | Promise<CommandReport>,
) => Promise<void>;

/** The text after the options of a help page. */
export const example = (...lines: readonly string[]): string =>
  `\nExample:\n${lines.map((line) => `  $ npx causeway ${line}`).join('\n')}`;
