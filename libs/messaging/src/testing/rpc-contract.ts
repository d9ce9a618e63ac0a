import { getAddress, rpc, type RpcDefinition } from '@causeway/contracts';
import { NotFound } from '@causeway/errors';
import { Deadline, withDeadline } from '@causeway/resilience';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import type { RpcPort } from '../rpc/client.js';

export interface RpcUnderTest {
  readonly client: RpcPort;
  serve<Req, Res>(definition: RpcDefinition<Req, Res>, handler: (request: Req) => Res | Promise<Res>): Promise<void>;
}

/** What every RPC client must do. Run against the fake and, with NATS, against the real one. */
export function rpcContract(name: string, make: () => Promise<RpcUnderTest>): void {
  const double = rpc(
    'test.rpc.double.v1',
    'Twice a number',
    z.object({ value: z.number() }),
    z.object({ value: z.number() }),
  );

  describe(`rpc contract: ${name}`, () => {
    test('the response of the other side is returned', async () => {
      const { client, serve } = await make();
      await serve(double, ({ value }) => ({ value: value * 2 }));
      await expect(client.call(double, { value: 21 })).resolves.toEqual({ value: 42 });
    });

    test('a request that does not match its schema is refused with the path before it is sent', async () => {
      const { client, serve } = await make();
      let served = 0;
      await serve(getAddress, () => ((served += 1), { found: false as const }));
      await expect(client.call(getAddress, { userId: 'x', addressId: uuidv7() })).rejects.toMatchObject({
        code: 'VALIDATION_FAILED',
        violations: [{ path: '/userId' }],
      });
      expect(served).toBe(0);
    });

    test('a coded error arrives with its code and message', async () => {
      const { client, serve } = await make();
      await serve(double, () => {
        throw new NotFound('number 21');
      });
      await expect(client.call(double, { value: 21 })).rejects.toMatchObject({
        name: 'RemoteError',
        code: 'NOT_FOUND',
        message: 'number 21 was not found',
        retryable: false,
      });
    });

    test('an unexpected error leaks nothing', async () => {
      const { client, serve } = await make();
      await serve(double, () => {
        throw new Error('password=hunter2');
      });
      const error = await client.call(double, { value: 1 }).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'INTERNAL' });
      expect(String(error)).not.toContain('hunter2');
    });

    test('a response that does not match its schema is INTERNAL, a fault of the called service', async () => {
      const { client, serve } = await make();
      await serve(double, () => ({ value: 'many' }) as never);
      await expect(client.call(double, { value: 1 })).rejects.toMatchObject({ code: 'INTERNAL' });
    });

    test('when no instance serves it, the dependency is unavailable, and a retry may help', async () => {
      const { client } = await make();
      await expect(client.call(double, { value: 1 })).rejects.toMatchObject({
        code: 'DEPENDENCY_UNAVAILABLE',
        retryable: true,
        unsent: true,
      });
    });

    test('nothing is sent after the deadline', async () => {
      const { client, serve } = await make();
      let served = 0;
      await serve(double, ({ value }) => ((served += 1), { value }));
      const call = withDeadline(Deadline.after(0), () => client.call(double, { value: 1 }));
      await expect(call).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
      expect(served).toBe(0);
    });
  });
}
