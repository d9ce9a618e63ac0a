import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { AuthSettings } from '../settings.js';
import { TokenVerifier } from '../token-verifier.js';
import { AuthGuard } from './auth.guard.js';

@Module({})
export class AuthModule {
  /**
   * Guards every route of the application and provides `TokenVerifier` globally. Import it once, in the root module.
   */
  static forRoot(settings: AuthSettings): DynamicModule {
    return {
      module: AuthModule,
      global: true,
      providers: [
        { provide: TokenVerifier, useFactory: () => new TokenVerifier(settings) },
        { provide: APP_GUARD, useClass: AuthGuard },
      ],
      exports: [TokenVerifier],
    };
  }
}
