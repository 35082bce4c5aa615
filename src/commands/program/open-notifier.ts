import { createNotifier, type Notifier } from '../../approvals/notify.ts';
import { findManifests } from './open-operator.ts';

/**
 * Notifies the operator who runs this process of new requests, as their bottles' manifests say.
 * @param onFailure told in one sentence what failed
 */
export function openNotifier(onFailure: (message: string) => void): Notifier {
  return createNotifier({ env: process.env, manifests: findManifests(), onFailure });
}
