import 'reflect-metadata';
import { getAddress, orderPlaced, paymentAuthorized, type DataOf } from '@causeway/contracts';
import type { Message } from '../consume/message.js';
import { Handles, HandlesRpc } from './handles.js';

test('the type of a handler is checked against the definition', () => {
  class Typed {
    @Handles(paymentAuthorized)
    good(message: Message<DataOf<typeof paymentAuthorized>>) {
      return message.data.amountMinor;
    }

    // @ts-expect-error the data of another message
    @Handles(paymentAuthorized)
    wrong(message: Message<DataOf<typeof orderPlaced>>) {
      return message.data.lines;
    }

    @HandlesRpc(getAddress)
    find(request: { userId: string; addressId: string }) {
      return Promise.resolve({ found: false as const, asked: request.userId });
    }

    // @ts-expect-error the response does not match
    @HandlesRpc(getAddress)
    lost(_request: { userId: string; addressId: string }) {
      return { found: 'perhaps' };
    }
  }
  expect(Reflect.getMetadata('microservices:pattern', Typed.prototype.good)).toEqual(['payment.evt.authorized.v1']);
  expect(Reflect.getMetadata('microservices:pattern', Typed.prototype.find)).toEqual(['user.rpc.get-address.v1']);
});
