import { Controller, Get, Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { CodedError } from '@causeway/errors';
import { createLogger } from '@causeway/telemetry';
import { AuthModule, CurrentUser, Public, reaches, RequireOneScope, RequireScope, type Principal } from '../index.js';
import { TestIssuer } from '../testing/index.js';

@Controller('orders')
class Orders {
  @Get('mine')
  mine(@CurrentUser() user: Principal): object {
    return { subject: user.subject };
  }

  @Get('managed')
  @RequireScope('orders:manage', 'orders:read')
  managed(): object {
    return {};
  }

  @Get('public')
  @Public()
  open(): object {
    return {};
  }

  @Get('confused')
  @Public()
  confused(@CurrentUser() user: Principal): object {
    return user;
  }
}

@Controller('stock')
@RequireScope('catalog:write')
class Stock {
  @Get()
  read(): object {
    return {};
  }

  @Get('deep')
  @RequireScope('catalog:deep')
  deep(): object {
    return {};
  }
}

@Controller('parcels')
@RequireOneScope('parcels:read', 'parcels:read-any')
class Parcels {
  @Get()
  read(): object {
    return {};
  }

  @Get('return')
  @RequireOneScope('parcels:read', 'parcels:return')
  return(): object {
    return {};
  }
}

@Controller('health')
@Public()
class Open {
  @Get()
  read(): object {
    return {};
  }
}

@Module({ controllers: [Orders, Stock, Parcels, Open] })
class TestModule {}

let issuer: TestIssuer;
let app: NestFastifyApplication;

beforeAll(async () => {
  issuer = await TestIssuer.start();
  @Module({ imports: [TestModule, AuthModule.forRoot(issuer.settings)] })
  class Root {}
  app = await NestFactory.create<NestFastifyApplication>(Root, new FastifyAdapter(), { logger: false });
  app.useGlobalFilters({
    catch: (error: unknown, host) => {
      const code = error instanceof CodedError ? error.code : String(error);
      host
        .switchToHttp()
        .getResponse<{ code(status: number): { send(body: object): void } }>()
        .code(400)
        .send({ code });
    },
  } satisfies Parameters<INestApplication['useGlobalFilters']>[0]);
  await app.init();
});
afterAll(async () => {
  await app.close();
  await issuer.close();
});

async function get(url: string, scopes?: readonly string[]): Promise<unknown> {
  const headers = scopes ? { authorization: `Bearer ${await issuer.sign('user-1', { scopes })}` } : {};
  return (await app.inject({ url, headers })).json();
}

test('a route needs a token unless it, or its controller, is public', async () => {
  expect(await get('/orders/mine')).toEqual({ code: 'TOKEN_MISSING' });
  expect(await get('/orders/mine', [])).toEqual({ subject: 'user-1' });
  expect(await get('/orders/public')).toEqual({});
  expect(await get('/health')).toEqual({});
});

test('every scope of the route and of its controller is required', async () => {
  expect(await get('/orders/managed', ['orders:manage'])).toEqual({ code: 'SCOPE_MISSING' });
  expect(await get('/orders/managed', ['orders:read', 'orders:manage'])).toEqual({});
  expect(await get('/stock', [])).toEqual({ code: 'SCOPE_MISSING' });
  expect(await get('/stock', ['catalog:write'])).toEqual({});
  expect(await get('/stock/deep', ['catalog:deep'])).toEqual({ code: 'SCOPE_MISSING' });
  expect(await get('/stock/deep', ['catalog:deep', 'catalog:write'])).toEqual({});
});

test('a refusal is a security event: who asked for what', async () => {
  const lines: string[] = [];
  createLogger({
    service: 'order',
    instanceId: 'order-1',
    level: 'info',
    destination: { write: (line) => void lines.push(line) },
  });
  await get('/stock', ['orders:read']);
  await get('/parcels', ['orders:read']);
  await get('/parcels', ['parcels:read']);
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject(
    ['catalog:write', 'parcels:read'].map((scope) => ({
      scope: 'security',
      securityEvent: 'access.denied',
      securityOutcome: 'denied',
      actor: 'user-1',
      detail: JSON.stringify({ scope }),
    })),
  );
});

test('asking for what is another’s is a security event, with the owner; the own and everybody’s is not', () => {
  const lines: string[] = [];
  createLogger({
    service: 'order',
    instanceId: 'order-1',
    level: 'info',
    destination: { write: (line) => void lines.push(line) },
  });
  const asked = [
    reaches({ callerId: 'user-1', everybody: false }, 'user-1'),
    reaches({ callerId: 'support-1', everybody: true }, 'user-1'),
    reaches({ callerId: 'user-2', everybody: false }, 'user-1'),
  ];
  expect(asked).toEqual([true, true, false]);
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { securityEvent: 'access.denied', securityOutcome: 'denied', actor: 'user-2', securitySubject: 'user-1' },
  ]);
});

test('one of several scopes is enough, and no other', async () => {
  for (const [path, scope, wanted] of [
    ['/parcels', 'parcels:read', {}],
    ['/parcels', 'parcels:read-any', {}],
    ['/parcels', 'parcels:return', { code: 'SCOPE_MISSING' }],
    ['/parcels/return', 'parcels:return', {}],
    ['/parcels/return', 'parcels:read-any', { code: 'SCOPE_MISSING' }],
  ] as const)
    expect([path, scope, await get(path, [scope])]).toEqual([path, scope, wanted]);
  expect(await get('/parcels', [])).toEqual({ code: 'SCOPE_MISSING' });
});

test('a public route that injects the user fails closed', async () => {
  expect(await get('/orders/confused', ['orders:read'])).toEqual({ code: 'TOKEN_MISSING' });
});
