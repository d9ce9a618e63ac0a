export { servicesWith, type Example } from './example.js';
export {
  databaseSetting,
  derivedSecrets,
  makeSecret,
  publicKeyOf,
  secretNames,
  secrets,
  secretSettings,
  type SecretKind,
  type SecretName,
} from './secrets.js';
export type { SystemAddresses, Service } from './service.js';
export {
  addressSettings,
  natsAccounts,
  operator,
  provisioner,
  serviceNames,
  services,
  type ListedService,
  type ServiceName,
} from './services.js';
