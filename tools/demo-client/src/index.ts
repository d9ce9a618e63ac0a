export {
  call,
  Customer,
  operatorToken,
  UnexpectedResponse,
  type ApiRequest,
  type ApiResponse,
  type Endpoints,
} from './customer.js';
export { collectTrace, runDemo, type DemoOptions, type DemoOrder } from './demo.js';
export { startTraceReceiver, type TraceReceiver, type TraceSpan } from './trace-receiver.js';
export { waterfall } from './waterfall.js';
