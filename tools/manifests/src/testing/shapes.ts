import type { SettingsShape } from '@causeway/config';
import { service as gateway } from '../../../../apps/gateway/src/service.js';
import { service as order } from '../../../../apps/order/src/service.js';
import { service as payment } from '../../../../apps/payment/src/service.js';
import { service as pspSandbox } from '../../../../apps/psp-sandbox/src/service.js';
import { service as user } from '../../../../apps/user/src/service.js';

/** Everything that each app reads from its environment. */
export const shapes: Readonly<Record<string, SettingsShape>> = Object.fromEntries(
  [gateway, order, payment, pspSandbox, user].map(({ name, settings }) => [name, settings]),
);
