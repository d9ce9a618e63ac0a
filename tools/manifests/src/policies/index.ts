import type { SettingsShape } from '@causeway/config';
import { podsAreAdmitted } from './admission.js';
import { oneAutoscalerEach } from './autoscalers.js';
import { requestsFitTheBudget } from './budget.js';
import { canariesAreWeighed } from './canary.js';
import { connectionsSuffice } from './connections.js';
import { containersAreRestricted } from './containers.js';
import { deploymentsAreOperable } from './deployments.js';
import { discoveryFindsPods } from './discovery.js';
import { onlyTheEdgeIsPublic } from './edge.js';
import { serversAreTrusted } from './encryption.js';
import { imagesArePinned } from './images.js';
import { jetStreamFitsItsVolume } from './jetstream.js';
import { migrationsComeFirst } from './jobs.js';
import { meshMatchesTheCallGraph } from './mesh-authorization.js';
import { meshIsStrict } from './mesh-encryption.js';
import { meshedPodsStartAndEnd } from './mesh-pods.js';
import { librariesRetryAlone } from './mesh-retries.js';
import { monitorsReachTheirPods } from './monitors.js';
import { networkMatchesTheCallGraph } from './network.js';
import { namespaceIsGuarded } from './platform.js';
import { nothingIsAPlaceholder } from './placeholders.js';
import type { ManifestPolicy } from './policy.js';
import { referencesResolve } from './references.js';
import { nothingSecretIsWritten } from './secrets.js';
import { servicesFindTheirPods } from './services.js';
import { settingsFit } from './settings.js';

/** Everything that is asked of an overlay. @param shapes Settings of each app, see {@link settingsFit}. */
export const policies = (shapes: Readonly<Record<string, SettingsShape>>): readonly ManifestPolicy[] => [
  namespaceIsGuarded,
  containersAreRestricted,
  deploymentsAreOperable,
  oneAutoscalerEach,
  networkMatchesTheCallGraph,
  servicesFindTheirPods,
  discoveryFindsPods,
  onlyTheEdgeIsPublic,
  canariesAreWeighed,
  monitorsReachTheirPods,
  settingsFit(shapes),
  referencesResolve,
  migrationsComeFirst,
  imagesArePinned,
  nothingSecretIsWritten,
  nothingIsAPlaceholder,
  podsAreAdmitted,
  requestsFitTheBudget,
  connectionsSuffice,
  jetStreamFitsItsVolume,
  serversAreTrusted,
  meshIsStrict,
  meshMatchesTheCallGraph,
  librariesRetryAlone,
  meshedPodsStartAndEnd,
];
