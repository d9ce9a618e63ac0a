import { routes } from '@causeway/contracts';
import type { Attack } from './attack.js';
import { accountLinks } from './attacks/account-links.js';
import { enumeration } from './attacks/enumeration.js';
import { floods } from './attacks/floods.js';
import { forgedTokens } from './attacks/forged-tokens.js';
import { forwardedHeaders } from './attacks/forwarded-headers.js';
import { hostileForms } from './attacks/hostile-forms.js';
import { hostileText } from './attacks/hostile-text.js';
import { managementPort } from './attacks/management.js';
import { massAssignment } from './attacks/mass-assignment.js';
import { otherCustomers } from './attacks/other-customers.js';
import { pathTricks } from './attacks/path-tricks.js';
import { races } from './attacks/races.js';
import { requestSmuggling } from './attacks/request-smuggling.js';
import { brokerRights, databaseRights } from './attacks/service-rights.js';
import { sessionEnds } from './attacks/sessions.js';
import { signIn } from './attacks/sign-in.js';
import { slowClients } from './attacks/slow-clients.js';
import { tokenEndpoint } from './attacks/token-endpoint.js';
// demo
import { moneyRaces } from './demo/money-races.js';
import { streamFlood } from './demo/streams.js';
import { forgedWebhooks } from './demo/webhooks.js';
// end demo
import { fuzzOf } from './fuzz/fuzz.js';

/** Every attack, in the order in which they are carried out. */
export const attacks: readonly Attack[] = [
  forgedTokens,
  otherCustomers,
  massAssignment,
  hostileText,
  hostileForms,
  pathTricks,
  requestSmuggling,
  floods,
  forwardedHeaders,
  signIn,
  races,
  sessionEnds,
  accountLinks,
  enumeration,
  tokenEndpoint,
  managementPort,
  // demo
  forgedWebhooks,
  streamFlood,
  moneyRaces,
  // end demo
  brokerRights,
  databaseRights,
  slowClients,
  ...routes.map(fuzzOf),
];
