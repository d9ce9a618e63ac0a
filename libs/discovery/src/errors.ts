import { CodedError } from '@causeway/errors';

/** No instance of a service is known. */
export class NoEndpoint extends CodedError {
  readonly code = 'NO_ENDPOINT';
  readonly remedy = 'Start the service, or check DISCOVERY_MODE and DISCOVERY_STATIC of the caller.';
  override readonly retryable = true;
  override readonly retryAfterSeconds = 1;

  constructor(service: string) {
    super(`no instance of ${service} is available`);
  }
}

/** A service could not be reached, or broke off, or answered with nonsense. `cause` has the story. */
export class DependencyUnavailable extends CodedError {
  readonly code = 'DEPENDENCY_UNAVAILABLE';
  readonly remedy = 'Try again in a moment.';
  override readonly retryable = true;
  override readonly retryAfterSeconds = 1;

  constructor(
    readonly dependency: string,
    options?: ErrorOptions,
  ) {
    super(`${dependency} is not available`, options);
  }
}
