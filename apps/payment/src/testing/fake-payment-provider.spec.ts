import { FakePaymentProvider } from './fake-payment-provider.js';
import { paymentProviderContract } from './payment-provider-contract.js';

paymentProviderContract('fake', async () => {
  const provider = new FakePaymentProvider();
  const unreachable = new FakePaymentProvider();
  unreachable.down = true;
  return { provider, unreachable, slowDone: async () => provider.finishSlow() };
});
