/** A failure that the operator can do something about; shown without a stack. The exit code is 1. */
export class CommandFailed extends Error {
  constructor(
    message: string,
    /** What to do next. */
    readonly remedy?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A command line that makes no sense. The exit code is 2. */
export class WrongUsage extends Error {}
