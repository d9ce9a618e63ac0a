import { contractRecord } from '@causeway/contracts/record';
import { natsPermissions } from '@causeway/system/topology';
import { coveredServices } from './listed.js';
import { permissionsOf } from './nats-account.js';

test.each(coveredServices.filter(({ nats }) => nats).map(({ name, sends = [] }) => ({ name, sends })))(
  'the account that follows from the record of $name may do what its account in the system may do',
  ({ name, sends }) => {
    const [derived, real] = [permissionsOf(contractRecord(name, sends)), natsPermissions()[name]!];
    expect(real.publish.filter((subject) => !derived.publish.includes(subject))).toEqual([]);
    expect(real.subscribe.filter((subject) => !derived.subscribe.includes(subject))).toEqual([]);
    // Beyond that only the state of streams, which is no secret.
    const more = derived.publish.filter((subject) => !real.publish.includes(subject));
    expect(more.filter((subject) => !subject.startsWith('$JS.API.STREAM.INFO.'))).toEqual([]);
  },
);
