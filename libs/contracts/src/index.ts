export {
  amountMinor,
  countryCode,
  currency,
  id,
  integerText,
  maxInt4,
  postalAddress,
  timestamp,
  version,
  type PostalAddress,
} from './values.js';
export { identifier, line, opaque, paragraph, text } from './text.js';
export {
  command,
  dataSchemaOf,
  envelope,
  event,
  parseOrThrow,
  rpc,
  violationsOf,
  type DataOf,
  type Envelope,
  type MessageDefinition,
  type RpcDefinition,
} from './messages/define.js';
export { getAddress, userErased, userRegistered } from './messages/user.js';
export {
  consumers,
  durableName,
  messages,
  rpcs,
  streamOf,
  streams,
  type ConsumerDefinition,
  type StreamDefinition,
} from './messages/topology.js';
export {
  authorisation,
  gatewayEndpoints,
  managementEndpoints,
  type EndpointAccess,
  type Permission,
} from './http/authorisation.js';
export { httpHeaders, peopleScopes, roles, scopes, scopesOf, type Role, type Scope } from './http/headers.js';
export { pageOf, pageQuery, type Page, type PageQuery } from './http/paging.js';
export {
  addressBody,
  addressList,
  addressView,
  changePasswordBody,
  changeUserBody,
  email,
  newPassword,
  registerUserBody,
  userView,
  type AddressBody,
  type AddressView,
  type ChangePasswordBody,
  type ChangeUserBody,
  type RegisterUserBody,
  type SessionView,
  type UserView,
} from './http/users.js';
export { errorCodesOf } from './http/route-errors.js';
export {
  forwardedServices,
  pathParametersOf,
  routes,
  scopesOfRoute,
  type HttpMethod,
  type RouteDefinition,
} from './http/routes.js';
// demo
export { orderCancelled, orderConfirmed, orderPlaced, orderRejected } from './messages/order.js';
export {
  authorizePayment,
  capturePayment,
  paymentAuthorized,
  paymentCaptured,
  paymentCaptureFailed,
  paymentDeclined,
  paymentRefunded,
  paymentVoided,
  refundPayment,
  voidPayment,
} from './messages/payment.js';
export {
  cancelOrderBody,
  orderHistory,
  orderListQuery,
  orderPage,
  orderView,
  placeOrderBody,
  productPage,
  productView,
  quantity,
  setStockBody,
  type CancelOrderBody,
  type OrderHistory,
  type OrderHistoryEntry,
  type OrderListQuery,
  type OrderView,
  type PlaceOrderBody,
  type ProductView,
  type SetStockBody,
} from './http/orders.js';
export { paymentView, pspWebhookBody, type PaymentView, type PspWebhookBody } from './http/payments.js';
export { orderChange, type OrderChange } from './http/order-events.js';
export { orderOverview, type OrderOverview } from './http/overview.js';
export { orderStatus, paymentStatus, type OrderStatus } from './statuses.js';
// end demo
