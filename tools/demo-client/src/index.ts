export {
  call,
  Customer,
  operatorToken,
  UnexpectedResponse,
  type ApiRequest,
  type ApiResponse,
  type Endpoints,
} from './customer.js';
export { collectTrace } from './collect-trace.js';
export { runDemo, type DemoOptions, type DemoOutcome } from './demo.js';
export { startTraceReceiver, type TraceReceiver, type TraceSpan } from './trace-receiver.js';
export { waterfall } from './waterfall.js';
// demo
export { runShopDemo, type DemoOrder } from './shop-demo.js';
export { Shopper } from './shopper.js';
// end demo
