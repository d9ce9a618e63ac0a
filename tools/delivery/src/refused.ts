/** What a person can put right: the message says what happened and what to do. */
export class DeliveryRefused extends Error {}

/** Runs a command of the command line: a DeliveryRefused is shown without its stack, and any failure exits with 1. */
export function runCommand(main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    console.error(error instanceof DeliveryRefused ? error.message : error);
    process.exitCode = 1;
  });
}
