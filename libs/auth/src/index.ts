export { IdentityUnavailable, ScopeMissing, TokenExpired, TokenInvalid, TokenMissing } from './errors.js';
export { AuthGuard } from './nest/auth.guard.js';
export { AuthModule } from './nest/auth.module.js';
export { CurrentUser, Public, RequireOneScope, RequireScope } from './nest/decorators.js';
export { reaches, reachOf, requireOneScope, requireScopes, type Principal, type Reach } from './principal.js';
export { authSettings, type AuthSettings } from './settings.js';
export { TokenVerifier, type TokenVerifierOptions } from './token-verifier.js';
