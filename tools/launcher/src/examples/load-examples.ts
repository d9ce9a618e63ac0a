import { UsageError } from '../options.js';
import { exampleNames, ProgramMissing, readExample, type ExampleService } from './example-files.js';
import { findPython } from './find-python.js';

/** An example that this machine can run. */
export interface RunnableExample extends ExampleService {
  /** The program to start, as it was found here. */
  readonly program: string;
}

/**
 * Reads examples and makes sure that this machine can run them, before anything is started.
 * @param names What `--with` was given.
 * @throws UsageError for an unknown name, with those that exist; ExampleUnusable for a record that is wrong; ProgramMissing for
 *   what this machine lacks
 */
export async function loadExamples(names: readonly string[]): Promise<RunnableExample[]> {
  const existing = exampleNames();
  const examples: RunnableExample[] = [];
  for (const name of new Set(names)) {
    if (!existing.includes(name))
      throw new UsageError(`--with: there is no example ${JSON.stringify(name)}; there are ${existing.join(', ')}`);
    const example = readExample(name);
    const other = examples.find((each) => each.name === example.name);
    if (other) throw new UsageError(`--with: ${other.folderName} and ${name} are both the service ${example.name}`);
    examples.push({ ...example, program: await programOf(example) });
  }
  return examples;
}

async function programOf({ folderName, python, start }: ExampleService): Promise<string> {
  if (!python) return start[0];
  try {
    return await findPython(python);
  } catch (error) {
    if (!(error instanceof ProgramMissing)) throw error;
    throw new ProgramMissing(`${folderName} cannot be started: ${error.message}`, { cause: error });
  }
}
