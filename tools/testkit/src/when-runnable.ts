import { loadExamples, ProgramMissing, type RunnableExample } from '@causeway/launcher/examples';
import { describeWhen } from './describe-when.js';

/** Examples for a suite that runs them. */
export interface ExamplesHere {
  /** Empty where this machine lacks what one of them needs. */
  readonly examples: readonly RunnableExample[];
  /** `describe` where they can run; elsewhere its tests count as skipped, with the reason. */
  readonly describeRunnable: ReturnType<typeof describeWhen>;
}

/**
 * @param names folders of `examples/`
 * @throws UsageError and ExampleUnusable as `loadExamples`, but for what the machine lacks
 */
export async function whenRunnable(...names: string[]): Promise<ExamplesHere> {
  try {
    const need = { missing: '', remedy: '' };
    return { examples: await loadExamples(names), describeRunnable: describeWhen(true, need) };
  } catch (error) {
    if (!(error instanceof ProgramMissing)) throw error;
    const [missing = error.message] = error.message.split('. ');
    const remedy = `\`npm start -- --with ${names.join(',')}\` says what to install`;
    return { examples: [], describeRunnable: describeWhen(false, { missing, remedy }) };
  }
}
