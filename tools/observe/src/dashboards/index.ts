import type { Board } from './board.js';
import { messaging } from './messaging.js';
import { node } from './node.js';
import { orders } from './orders.js';
import { overview } from './overview.js';
import { postgres } from './postgres.js';
import { resilience } from './resilience.js';

export const boards: readonly Board[] = [
  overview,
  // demo
  orders,
  // end demo
  messaging,
  resilience,
  node,
  postgres,
];
