import type { Proposal, RefUpdate } from '../../queue/proposal.ts';

/** What a request of each kind asks for, after "asks for". */
export const kindTitles: Readonly<Record<Proposal['kind'], string>> = {
  route: 'a route',
  exemption: 'an exemption from a scanning rule',
  capability: 'something else',
  push: 'a push',
};

/** One line of a proposal: what it is called, and what it says. A text of several lines keeps its line ends. */
export interface ProposalField {
  readonly label: string;
  readonly text: string;
}

/** A proposal in one line. SECURITY: a guest's own words, which whoever shows them must make printable. */
export function toSummary(proposal: Proposal): string {
  switch (proposal.kind) {
    case 'route':
      return `${toMethods(proposal.methods)} ${toOrigin(proposal)} ${toPaths(proposal.paths)}`;
    case 'exemption':
      return `${proposal.rule} may pass on ${proposal.route}`;
    case 'capability':
      return proposal.capability;
    case 'push':
      return `${proposal.remote}: ${proposal.updates.map(toUpdate).join(', ')}`;
  }
}

/** All that a proposal says. SECURITY: as {@link toSummary}. */
export function toFields(proposal: Proposal): readonly ProposalField[] {
  switch (proposal.kind) {
    case 'route':
      return [
        { label: 'host', text: toOrigin(proposal) },
        { label: 'methods', text: toMethods(proposal.methods) },
        { label: 'paths', text: toPaths(proposal.paths) },
        {
          label: 'credential',
          text: proposal.credentialOf === null ? 'none' : `that of ${proposal.credentialOf}`,
        },
      ];
    case 'exemption':
      return [
        { label: 'rule', text: proposal.rule },
        { label: 'route', text: proposal.route },
      ];
    case 'capability':
      return [{ label: 'asks for', text: proposal.capability }];
    case 'push':
      return [
        { label: 'remote', text: proposal.remote },
        { label: 'refs', text: proposal.updates.map(toUpdate).join('\n') },
        { label: 'commits', text: String(proposal.commits) },
        { label: 'findings', text: proposal.reports.length === 0 ? 'none' : proposal.reports.join('\n') },
        { label: 'files', text: proposal.diffstat },
      ];
  }
}

function toMethods(methods: readonly string[] | null): string {
  return methods === null ? 'any method' : methods.join(', ');
}

function toPaths(paths: readonly string[] | null): string {
  return paths === null ? 'any path' : paths.join(', ');
}

function toOrigin(route: { readonly scheme: string; readonly host: string; readonly port: number }): string {
  const usual = route.scheme === 'https' ? 443 : 80;
  return `${route.scheme}://${route.host}${route.port === usual ? '' : `:${route.port}`}`;
}

function toUpdate({ ref, old, new: next, change }: RefUpdate): string {
  const from = change === 'create' ? 'new' : `${change} ${old.slice(0, 8)}..`;
  return `${ref} (${from}${change === 'create' ? ' ' : ''}${next.slice(0, 8)})`;
}
