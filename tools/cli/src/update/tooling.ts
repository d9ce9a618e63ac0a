import type { TemplateStep } from '@causeway/generators/steps';

/** What an update does with a version of the template besides Git. Each rejects with what went wrong. */
export interface Tooling {
  /** Installs and builds what is checked out in a folder. */
  readonly setUp: (folder: string) => Promise<void>;
  /**
   * Runs a generator of the version in the folder. It writes all of its files or none.
   * @param last Whether it is the last that changes more than names: what follows from the steps is generated then.
   */
  readonly runStep: (folder: string, step: TemplateStep, last: boolean) => Promise<void>;
  /** Files that `npm run generate` of the folder writes, as a whole or in part. */
  readonly generatedFiles: (folder: string) => Promise<readonly string[]>;
  /** Those of them that are not current. */
  readonly staleFiles: (folder: string) => Promise<readonly string[]>;
  readonly boundaryViolations: (folder: string) => Promise<readonly BoundaryViolation[]>;
  /** Makes `node_modules` and `package-lock.json` fit the `package.json` files. */
  readonly install: (folder: string) => Promise<void>;
  /** Runs the named entries of the template's `migrations.json`. */
  readonly migrate: (folder: string, names: readonly string[]) => Promise<void>;
  readonly generate: (folder: string) => Promise<void>;
}

/** What ESLint's rules of boundaries say. */
export interface BoundaryViolation {
  readonly file: string;
  readonly line: number;
  /** null: the file cannot be parsed. */
  readonly rule: string | null;
  readonly message: string;
  /** A comment switches the rule off. */
  readonly suppressed: boolean;
}

/** Where the template declares its Nx migrations. */
export const migrationsFile = 'tools/generators/migrations.json';
