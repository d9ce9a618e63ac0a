export { TestIssuer, type TestToken } from './test-issuer.js';
