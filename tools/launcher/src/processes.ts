import type { DatabaseUrls } from './infrastructure.js';
import { entryOf, nodeForServices } from './places.js';
import { onLost } from './revive.js';
import { note, type Running, type SystemOptions } from './running.js';
import { ServiceInstance } from './service-instance.js';
import { serviceNames, services, type ServiceDefinition, type ServiceName, type Wiring } from './services.js';
import { commonSettings, type Ports } from './wiring.js';

/** The processes of all services, not started yet. */
export function instancesOf(running: Running, options: SystemOptions, databaseUrls: DatabaseUrls): ServiceInstance[] {
  const { paths, ports, secrets, watchdog } = running;
  const url = Object.fromEntries(
    serviceNames.map((name) => [name, `http://127.0.0.1:${ports.services[name][0]?.port}`]),
  ) as Wiring['url'];
  const docsRedirectUris = ports.services.gateway.flatMap(({ port }) =>
    ['127.0.0.1', 'localhost'].map((host) => `http://${host}:${port}/docs/static/oauth2-redirect.html`),
  );
  const wiring: Wiring = { secrets, url, redirectUri: `${url.gateway}/callback`, docsRedirectUris };
  const node = nodeForServices();
  const one = (
    definition: ServiceDefinition,
    address: Ports['services'][ServiceName][number],
    index: number,
  ): ServiceInstance => {
    const { name, stopOrder } = definition;
    const number = index + 1;
    const common = commonSettings({
      definition,
      number,
      address,
      paths,
      traces: running.traces?.url ?? '',
      nats: running.nats?.url ?? '',
      databaseUrl: databaseUrls[name],
      secrets,
    });
    return new ServiceInstance({
      service: name,
      number,
      node,
      entry: entryOf(name),
      env: { ...common, ...definition.settings(wiring), ...options.env?.all, ...options.env?.[name] },
      ...address,
      logFile: paths.log(`${name}-${number}`),
      order: stopOrder,
      watchdog,
      onChange: () => note(running),
      onLost: onLost(running, options.supervise),
    });
  };
  return services.flatMap((definition) =>
    ports.services[definition.name].map((address, index) => one(definition, address, index)),
  );
}
