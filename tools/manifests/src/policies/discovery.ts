import { forwardedServices } from '@causeway/contracts';
import { discoverySettings } from '@causeway/discovery/settings';
import type { IService } from 'kubernetes-models/v1';
import { environmentOf, matches, ofKind, podsOf, type Body, type Pods, type Rendered } from '../objects.js';
import { broken, type ManifestPolicy, type Rule } from './policy.js';

const { DISCOVERY_DNS_URL, DISCOVERY_DNS_MAX_AGE_MS } = discoverySettings;
/** Of libs/discovery: each wait may be a tenth longer. */
const jitter = 1.1;

/**
 * What finds instances by the DNS finds every service that it calls, under a headless Service whose pods listen where
 * it says, and hears of a stopping pod before that ends.
 */
export const discoveryFindsPods: ManifestPolicy = {
  name: 'DISCOVERY_MODE=dns finds the pods of every service',
  check: (rendered) =>
    podsOf(rendered).flatMap((pods) => {
      const settings = settingsOf(rendered, pods);
      return settings.get('DISCOVERY_MODE') === 'dns' ? broken(pods.manifest, rules(rendered, pods, settings)) : [];
    }),
};

const settingsOf = (rendered: Rendered, { spec }: Pods): Map<string, string | undefined> =>
  new Map(environmentOf(rendered, spec.containers[0]!).map(({ name, value }) => [name, value]));

function rules(rendered: Rendered, { spec }: Pods, settings: Map<string, string | undefined>): Rule[] {
  const template = DISCOVERY_DNS_URL.safeParse(settings.get('DISCOVERY_DNS_URL')).data;
  if (!template) return []; // the policy of settings says so
  const maxAgeMs = DISCOVERY_DNS_MAX_AGE_MS.parse(settings.get('DISCOVERY_DNS_MAX_AGE_MS'));
  return [
    [
      spec.dnsPolicy === undefined || spec.dnsPolicy === 'ClusterFirst',
      `with dnsPolicy ${spec.dnsPolicy} its first search domain is not its namespace`,
      'remove dnsPolicy, or end the host of DISCOVERY_DNS_URL with the domain and a dot',
    ],
    ...forwardedServices.flatMap((service) => {
      const labels = template.host.replaceAll('{service}', service).split('.');
      const name = labels.find((label) => !label.startsWith('_')) ?? '';
      const portName = /^_(.+)$/.exec(labels[0]!)?.[1];
      return found(rendered, service, name, portName, template.port, maxAgeMs * jitter);
    }),
  ];
}

/** @param portName That of the SRV records, where there is no `port`. */
function found(
  rendered: Rendered,
  service: string,
  name: string,
  portName: string | undefined,
  port: number | undefined,
  longestMs: number,
): Rule[] {
  const spec = ofKind<IService & Body>(rendered, 'Service').find(({ body }) => body.metadata.name === name)?.body.spec;
  const headless = spec?.clusterIP === 'None';
  const pods = podsOf(rendered).filter(({ labels }) => matches(labels, spec?.selector ?? { no: 'selector' }));
  const listens = pods
    .flatMap((each) => each.spec.containers)
    .some(({ ports }) => ports?.some(({ containerPort }) => containerPort === port));
  const named = spec?.ports?.some((each) => each.name === portName) ?? false;
  const stopMs = Math.min(...pods.map((each) => sleepMs(each)));
  return [
    [
      headless,
      `it looks for ${service} at ${name}, which is no headless Service`,
      'add ../service/headless to the components of that service, and correct DISCOVERY_DNS_URL',
    ],
    [
      !headless || spec.publishNotReadyAddresses !== true,
      `it is given pods of ${service} that are not ready`,
      `remove publishNotReadyAddresses from Service ${name}`,
    ],
    [
      !headless || (port === undefined ? named : listens),
      `it calls pods of ${service} at port ${port ?? portName ?? 'of no name'}, where they do not listen`,
      'give DISCOVERY_DNS_URL the port of the container, not that of the Service',
    ],
    [
      !headless || stopMs >= longestMs,
      `it may hear of a stopping pod of ${service} after ${longestMs} ms, and that stops after ${stopMs} ms`,
      'lower DISCOVERY_DNS_MAX_AGE_MS, or let preStop sleep for longer',
    ],
  ];
}

/** How long a pod serves after it was taken out of the Services, before it is told to stop. */
const sleepMs = ({ spec }: Pods): number => (spec.containers[0]?.lifecycle?.preStop?.sleep?.seconds ?? 0) * 1_000;
