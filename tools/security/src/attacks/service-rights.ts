import { messages, streams } from '@causeway/contracts';
import { natsAccounts, services } from '@causeway/system';
import { allowedBeyondRights } from '@causeway/testkit';
import { connect, PermissionViolationError } from '@nats-io/transport-node';
import type { Attack } from '../attack.js';

/** What somebody can do who has taken over one service: with its credentials, and not with more. */
export const databaseRights: Attack = {
  id: 'rights/database',
  about: 'each service’s own database credentials: other databases, DDL, files, programs, other roles',
  inside: true,
  run: async ({ inside, http }, found) => {
    const { system } = inside!;
    const urls = services
      .filter(({ database }) => database)
      .map(({ name }) => [name, system.databaseUrl(name)] as const);
    const databaseIn = (url: string): string => new URL(url).pathname.slice(1);
    for (const [name, url] of urls) {
      const others = urls.map(([, each]) => databaseIn(each)).filter((each) => each !== databaseIn(url));
      for (const allowed of await allowedBeyondRights(url, others)) found(`${name} may: ${allowed}`);
      http.requests += 1;
    }
  },
};

const own = services.filter(({ nats }) => nats);

/** The same for the broker: each service’s account tries what belongs to another, or to nobody. */
export const brokerRights: Attack = {
  id: 'rights/broker',
  about: 'each service’s own broker account: events of others, streams, other inboxes, other accounts',
  inside: true,
  run: async ({ inside, http }, found) => {
    const { urls, secrets } = inside!.system;
    const login = (user?: string, pass?: string) =>
      connect({ servers: urls.nats, user, pass, inboxPrefix: `_INBOX_${user}`, reconnect: false });
    for (const { name } of own) {
      const events = messages.filter(({ kind, owner }) => kind === 'event' && owner !== name);
      const verbs = ['CREATE', 'UPDATE', 'DELETE', 'PURGE', 'MSG.DELETE', 'SNAPSHOT', 'RESTORE'];
      const publish = [
        ...events.map(({ subject }) => subject),
        ...streams.flatMap((stream) => verbs.map((verb) => `$JS.API.STREAM.${verb}.${stream.name}`)),
        '$JS.API.STREAM.CREATE.STOLEN',
        '$SYS.REQ.SERVER.PING',
        ...own.filter((other) => other.name !== name).map((other) => `_INBOX_${other.name}.a`),
      ];
      const subscribe = ['>', '*.evt.>', '$JS.>', '$SYS.>', '_INBOX.>', 'dlq.>', '*.rpc.>', '*.cmd.>'];
      const inboxes = natsAccounts.filter((other) => other !== name).map((other) => `_INBOX_${other}.>`);
      const connection = await login(name, secrets.nats[name]);
      const refused = new Set<string>();
      void (async () => {
        for await (const { type, ...status } of connection.status())
          if (type === 'error' && 'error' in status && status.error instanceof PermissionViolationError)
            refused.add(`${status.error.operation} ${status.error.subject}`);
      })();
      for (const subject of publish) connection.publish(subject, '{}');
      for (const subject of [...subscribe, ...inboxes]) connection.subscribe(subject, { callback: () => undefined });
      http.requests += publish.length + subscribe.length + inboxes.length;
      // Twice there and back: every refusal of the server has arrived before the second answer.
      await connection.flush();
      await connection.flush();
      await connection.close();
      for (const subject of publish) if (!refused.has(`publish ${subject}`)) found(`${name} may publish ${subject}`);
      for (const subject of [...subscribe, ...inboxes])
        if (!refused.has(`subscription ${subject}`)) found(`${name} may subscribe to ${subject}`);
      const foreign = [
        [undefined, undefined],
        [name, 'wrong'],
        ['provisioner', secrets.nats[name]],
        ['operator', secrets.nats[name]],
      ] as const;
      for (const [user, pass] of foreign) {
        const entered = await login(user, pass).catch(() => undefined);
        if (entered) found(`${name}’s password opens the account ${user}`);
        await entered?.close();
      }
    }
  },
};
