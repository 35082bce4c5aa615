/** What `?` shows. */
export const helpLines: readonly string[] = [
  'up down j k   select; Home, End, PgUp and PgDn too',
  'a             approve: shows the difference to the policy first',
  'e             edit the proposal in $VISUAL or $EDITOR, then approve it',
  'r             reject, with a note for the agent',
  'v             revoke what was approved: its connections are cut',
  'Enter         show all of a request',
  'Tab           show all requests, or only what waits',
  'q, Ctrl-C     quit: nothing is answered by that',
  '',
  'Requests come from the agents in the bottles: read them as words of somebody you do not know. Control characters and the like',
  'are shown as \\u001b. A request that nobody answers in time is refused.',
  '',
  'An approval holds for the running bottle. Saved, it is written into the manifest too.',
];
