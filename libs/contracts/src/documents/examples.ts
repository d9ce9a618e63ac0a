import { demoExamples } from './demo-example-data.js';
import { ada, home, homeView, password, session } from './example-data.js';

/** Example bodies of the operations that have any, by `operationId`. */
export const bodyExamples: Readonly<Record<string, { readonly request?: unknown; readonly response?: unknown }>> = {
  registerUser: { request: { email: ada.email, password, displayName: ada.displayName }, response: ada },
  getMe: { response: ada },
  getUser: { response: ada },
  changeMe: { request: { displayName: 'Ada King' }, response: { ...ada, displayName: 'Ada King', version: 2 } },
  changePassword: { request: { currentPassword: password, newPassword: 'sketches of the difference engine' } },
  listAddresses: { response: { items: [homeView] } },
  addAddress: { request: home, response: homeView },
  getAddress: { response: homeView },
  changeAddress: {
    request: { ...home, label: 'Home, until spring' },
    response: { ...homeView, label: 'Home, until spring', version: 2 },
  },
  listSessions: { response: { items: [session] } },
  // demo
  ...demoExamples,
  // end demo
};
