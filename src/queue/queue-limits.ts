/**
 * What a file of the queue may hold at most. Daemons cut or refuse what is longer before they write; readers refuse the file.
 * Lengths of texts are in UTF-16 units.
 */
export const queueLimits = {
  /** Of a request's or a decision's file. */
  maxFileBytes: 1024 * 1024,
  maxReasonLength: 8192,
  maxNotesLength: 8192,
  maxOperatorLength: 256,
  maxMethods: 32,
  maxPaths: 64,
  maxRuleLength: 256,
  maxCapabilityLength: 8192,
  maxRefUpdates: 512,
  maxRefLength: 512,
  maxDiffstatLength: 32_768,
  maxReports: 64,
  maxReportLength: 1024,
} as const;

/**
 * From a request's `expiresAt` until its daemon gives up. An operator's answer that began in time gets this long to take
 * effect and to arrive; one that has not begun by `expiresAt` is too late.
 */
export const decisionGraceMs = 10_000;
