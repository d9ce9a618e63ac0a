export { Balancer, type BalancerOptions, type CallResult, type PickedInstance } from './balancer.js';
export { parseAddressTemplate, type AddressTemplate } from './dns/address-template.js';
export { dnsResolver, type DnsResolverOptions } from './dns/dns-resolver.js';
export { NoEndpoint } from './errors.js';
export { isRepeatable } from './call-rules.js';
export { createHttpAgent, type HttpAgentOptions } from './http-agent.js';
export { announce, type AnnouncedEndpoint, type Announcement, type AnnounceOptions } from './nats/announce.js';
export { natsResolver, type NatsResolverOptions } from './nats/nats-resolver.js';
export { DiscoveryModule, HTTP_AGENT, RESOLVER, type DiscoveryModuleOptions } from './nest/discovery.module.js';
export { OutboundCalls, type OutboundRequest } from './outbound-call.js';
export { staticResolver, type Endpoint, type Resolver } from './resolver.js';
export { sendThrough, type HttpResponse, type ResponseBody, type SendRequest } from './send-request.js';
export {
  ServiceClient,
  type ServiceClientOptions,
  type ServiceRequest,
  type ServiceResponse,
} from './service-client.js';
export { discoverySettings, type DiscoverySettings } from './settings.js';
