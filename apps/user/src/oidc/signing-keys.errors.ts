import { CodedError } from '@causeway/errors';

/** One rotation at a time: a second one would only put off the first. */
export class KeyRotationPending extends CodedError {
  readonly code = 'KEY_ROTATION_PENDING';
  readonly remedy = 'Wait until it signs, or retire it to take the rotation back.';

  constructor(kid: string, signsFrom: Date) {
    super(`the key ${kid} is published already and signs from ${signsFrom.toISOString()}`);
  }
}

/** No published key has this id. */
export class SigningKeyUnknown extends CodedError {
  readonly code = 'SIGNING_KEY_UNKNOWN';
  readonly remedy = 'List the keys; one that is not there has been retired.';

  constructor() {
    super('no published key has this id');
  }
}
