import type { SettingsShape } from '@causeway/config';
import { hostSettings } from '@causeway/service-host';
import { telemetrySettings } from '@causeway/telemetry';
import { settings as gateway } from '../../../../apps/gateway/src/config.js';
import { settings as order } from '../../../../apps/order/src/config.js';
import { settings as payment } from '../../../../apps/payment/src/config.js';
import { settings as pspSandbox } from '../../../../apps/psp-sandbox/src/config.js';
import { settings as user } from '../../../../apps/user/src/config.js';

const common = { ...telemetrySettings, ...hostSettings };

/** The settings of each app, with those of the host and of telemetry. */
export const shapes: Readonly<Record<string, SettingsShape>> = {
  gateway: { ...common, ...gateway },
  order: { ...common, ...order },
  payment: { ...common, ...payment },
  'psp-sandbox': { ...common, ...pspSandbox },
  user: { ...common, ...user },
};
