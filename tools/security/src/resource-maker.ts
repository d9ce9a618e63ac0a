import type { AttackAnswer, SentAttack } from './client.js';

/** What a resource of one person is made with. */
export interface ResourceMaker {
  readonly personId: string;
  /** The id of another resource of the person, by path parameter. */
  owned(parameter: string): Promise<string | undefined>;
  /** The body that a valid request of an operation is answered with. */
  accepted(operationId: string): Promise<string>;
  /** Sends a request with a token of the person that has the scope of an operation. */
  get(operationId: string, path: SentAttack['path']): Promise<AttackAnswer>;
}
