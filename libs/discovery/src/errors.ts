import { CodedError } from '@causeway/errors';

/** No instance of a service is known. */
export class NoEndpoint extends CodedError {
  readonly code = 'NO_ENDPOINT';
  readonly remedy =
    'Start the service, or check DISCOVERY_MODE of the caller, and DISCOVERY_STATIC or DISCOVERY_DNS_URL.';
  override readonly retryable = true;
  override readonly retryAfterSeconds = 1;

  constructor(service: string) {
    super(`no instance of ${service} is available`);
  }
}
