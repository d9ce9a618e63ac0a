import { services } from '@causeway/system';
import type { BuildInfo } from './build-info.js';
import type { DatabaseUrls } from './infrastructure.js';
import { entryOf, nodeForServices } from './places.js';
import { onLost } from './revive.js';
import { note, type Running, type SystemOptions } from './running.js';
import { ServiceInstance } from './service-instance.js';
import { settingsOf, stopOrderOf } from './wiring.js';

/** The processes of all services, not started yet. */
export function instancesOf(
  running: Running,
  options: SystemOptions,
  databaseUrls: DatabaseUrls,
  build: BuildInfo,
): ServiceInstance[] {
  const { paths, ports, secrets, watchdog } = running;
  const node = nodeForServices();
  const [traces, nats] = [running.traces?.url ?? '', running.nats?.url ?? ''];
  return services.flatMap((service) =>
    ports.services[service.name].map((address, index) => {
      const { name } = service;
      const number = index + 1;
      const databaseUrl = databaseUrls[name];
      return new ServiceInstance({
        service: name,
        number,
        node,
        entry: entryOf(name),
        env: {
          ...settingsOf({ service, number, ports, paths, traces, nats, databaseUrl, secrets, build }),
          ...options.env?.all,
          ...options.env?.[name],
        },
        ...address,
        logFile: paths.log(`${name}-${number}`),
        order: stopOrderOf(service),
        watchdog,
        onChange: () => note(running),
        onLost: onLost(running, options.supervise),
      });
    }),
  );
}
