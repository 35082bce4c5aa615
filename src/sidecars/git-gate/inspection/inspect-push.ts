import type {
  InspectionLimits,
  InspectionRules,
  PushInspection,
  PushRepository,
  PushUpdate,
} from './push.ts';

/**
 * Looks at everything that a push would bring to upstream and that the mirror's refs do not have yet, without any
 * contact with upstream.
 * @throws Error when git fails or the signal fires; the push is then refused.
 */
export type InspectPush = (
  repository: PushRepository,
  updates: readonly PushUpdate[],
  rules: InspectionRules,
  limits: InspectionLimits,
  signal: AbortSignal,
) => Promise<PushInspection>;
