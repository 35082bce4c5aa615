import type { Finding } from '../inspection/finding.ts';
import type { InspectPush } from '../inspection/inspect-push.ts';

/** Stands in until the inspection is there: refuses every push. */
export const inspectPush: InspectPush = () => Promise.reject(new Error('there is no inspection yet'));

export const toFindingText = (finding: Finding): string => finding.says;
