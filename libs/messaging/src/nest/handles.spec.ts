import 'reflect-metadata';
import { getAddress, type DataOf } from '@causeway/contracts';
import { labelPrinted, parcelPacked } from '@causeway/contracts/testing';
import type { Message } from '../consume/message.js';
import { Handles, HandlesRpc } from './handles.js';

test('the type of a handler is checked against the definition', () => {
  class Typed {
    @Handles(labelPrinted)
    good(message: Message<DataOf<typeof labelPrinted>>) {
      return message.data.amountMinor;
    }

    // @ts-expect-error the data of another message
    @Handles(labelPrinted)
    wrong(message: Message<DataOf<typeof parcelPacked>>) {
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
  expect(Reflect.getMetadata('microservices:pattern', Typed.prototype.good)).toEqual(['label.evt.printed.v1']);
  expect(Reflect.getMetadata('microservices:pattern', Typed.prototype.find)).toEqual(['user.rpc.get-address.v1']);
});
