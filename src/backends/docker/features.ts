import type { BackendFeatures } from '../backend.ts';

/** What bottles on Docker can do. */
export const dockerFeatures: BackendFeatures = { pause: true, bindWorkspace: true, sharedKernel: true };
