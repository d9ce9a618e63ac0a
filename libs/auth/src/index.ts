export { IdentityUnavailable, ScopeMissing, TokenExpired, TokenInvalid, TokenMissing } from './errors.js';
export { AuthGuard } from './nest/auth.guard.js';
export { AuthModule } from './nest/auth.module.js';
export { CurrentUser, Public, RequireScope } from './nest/decorators.js';
export { requireScopes, type Principal } from './principal.js';
export { authSettings, type AuthSettings } from './settings.js';
export { TokenVerifier, type TokenVerifierOptions } from './token-verifier.js';
