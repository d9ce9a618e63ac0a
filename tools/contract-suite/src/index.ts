export { patience } from './broken.js';
export type { Check } from './check.js';
export { checksOf } from './checks-of.js';
export type {
  ConsumerFixture,
  ContractFixture,
  OperationFixture,
  RequestParts,
  RpcFixture,
  Surroundings,
} from './fixture.js';
export type { HttpAnswer } from './http.js';
export { coveredServices, listedTarget, loadFixture } from './listed.js';
export { runCheck, runSuite, type CheckResult } from './run-suite.js';
export type { SuiteTarget } from './target.js';
export { World } from './world.js';
