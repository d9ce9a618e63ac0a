export { errorCodes, type ErrorCode, type ErrorDefinition } from './codes.js';
export { CodedError, DependencyUnavailable, NotFound, ValidationFailed, type Violation } from './coded-error.js';
export { problemContentType, problemType, toProblem, type Problem } from './problem.js';
export { isCertificateRefused } from './certificate-refused.js';
