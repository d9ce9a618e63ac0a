import type { ServiceName } from '@causeway/system';
import type { BuildInfo } from './build-info.js';
import type { RunnableExample } from './examples/load-examples.js';
import type { DatabasesOfServices } from './infrastructure.js';
import { entryOf, nodeCommand, nodeForServices } from './places.js';
import { onLost } from './revive.js';
import { note, type Running, type SystemOptions } from './running.js';
import { ServiceInstance, type InstanceOptions } from './service-instance.js';
import { settingsOf, stopOrderOf, type RunningService } from './wiring.js';

/** The processes of all services, not started yet. */
export function instancesOf(
  running: Running,
  options: SystemOptions,
  databases: DatabasesOfServices,
  build: BuildInfo,
): ServiceInstance[] {
  const { paths, ports, secrets, watchdog, services, examples, certificates } = running;
  const node = nodeForServices();
  const [traces, nats] = [running.traces?.url ?? '', running.nats?.url ?? ''];
  return services.flatMap((service) =>
    (ports.services[service.name] ?? []).map((address, index) => {
      const { name } = service;
      const number = index + 1;
      const databaseUrl = databases[name]?.url;
      return new ServiceInstance({
        service: name,
        number,
        ...commandOf(service, node, examples),
        env: {
          ...settingsOf({
            service,
            number,
            ports,
            paths,
            traces,
            nats,
            databaseUrl,
            secrets,
            build,
            certificates,
            examples,
          }),
          ...options.env?.all,
          ...options.env?.[name as ServiceName],
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

function commandOf(
  { name }: RunningService,
  node: string,
  examples: readonly RunnableExample[],
): Pick<InstanceOptions, 'command' | 'args' | 'cwd'> {
  const example = examples.find((each) => each.name === name);
  if (!example) return nodeCommand(node, entryOf(name));
  const [, ...args] = example.start;
  return { command: example.program, args, cwd: example.folder };
}
