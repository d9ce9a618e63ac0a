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
