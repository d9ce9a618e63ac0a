export { createApp } from './create-app.js';
export {
  defineService,
  type Capability,
  type ServiceContext,
  type ServiceDefinition,
  type ServiceParts,
  type ServiceSettings,
  type SettingsOf,
  type TransportStrategy,
} from './definition.js';
export { governanceRoute, type GovernanceRoute } from './health/governance-route.js';
export {
  readiness,
  registerReadiness,
  type PartReport,
  type ReadinessCheck,
  type ReadinessPart,
  type ReadinessReport,
} from './health/readiness.js';
export { HostState, ShuttingDown } from './host-state.js';
export { clientNetwork } from './http/client-network.js';
export { decodeBody, decodeForm } from './http/body-parser.js';
export {
  IdempotencyKey,
  IdempotencyKeyInvalid,
  IdempotencyKeyRequired,
  requireIdempotencyKey,
} from './http/idempotency-key.js';
export { sendProblem } from './http/problem-reply.js';
export { refusalOf, RequestRefused } from './http/refusals.js';
export { RequestDeadline } from './http/request-deadline.js';
export { traceIdHeader, type RequestScope } from './http/request-scope.js';
export { securityHeaders } from './http/response-headers.js';
export { sendStored, type StoredResponse } from './http/stored-response.js';
export { ZodBody, ZodParams, ZodPipe, ZodQuery } from './http/zod-pipe.js';
export { runService } from './run-service.js';
export { hostSettings, type HostSettings } from './settings.js';
export { SETTINGS } from './tokens.js';
