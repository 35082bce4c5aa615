import { BottleError } from '../../errors.ts';
import type { RequestRule } from '../../policy/request-rule.ts';
import type { ExemptionProposal, RouteProposal } from '../../queue/proposal.ts';
import { wouldChange } from '../../queue/would-change.ts';
import type { BottlePlan } from '../bottle-plan.ts';
import type { ManifestRoute } from '../manifest.ts';
import { toTargetText } from '../route-text.ts';
import { routeDefaults } from './defaults.ts';
import { editRoutes } from './edit-routes.ts';
import { findRepeatedRoute, toRouteKey } from './find-repeated-route.ts';
import { loadLayers, type ManifestContext } from './load-layers.ts';
import { loadManifest } from './load-manifest.ts';
import type { RouteText } from './route-schema.ts';
import type { RoutesEdit } from './routes-node.ts';

/** A bottle's own manifest file with a grant written into it. */
export interface SavedGrant {
  /** Absolute. */
  readonly path: string;
  /** The whole file. The same as before where the manifest allows all of it already. */
  readonly text: string;
}

/** The routes of a manifest: as written, and as they were understood, in the same order. */
interface EffectiveRoutes {
  readonly written: readonly RouteText[];
  readonly routes: readonly ManifestRoute[];
}

/**
 * Writes what an operator granted into the text of a bottle's own manifest file; writes no file. Comments and order stay. Where
 * the routes come from a base, the own file gets a copy of them first: lists replace, and other bottles must not change.
 * @param plan the running bottle's, with its grants applied: what the ids of routes in a proposal mean
 * @throws BottleError, by rejection: `request-invalid` where the manifest no longer has the route that the grant builds on;
 *   what loading a manifest throws
 */
export async function saveGrant(
  name: string,
  change: RouteProposal | ExemptionProposal,
  plan: Pick<BottlePlan, 'egress' | 'pipelock'>,
  context: ManifestContext,
): Promise<SavedGrant> {
  const layers = await loadLayers(name, context);
  const [own] = layers;
  if (own === undefined) throw new BottleError('bug', `The manifest of ${name} has no file.`);
  const { egress } = await loadManifest(name, context);
  const holder = layers.find(({ file }) => file.content.egress?.routes !== undefined);
  const written = holder?.file.content.egress?.routes ?? [];
  const effective = { written, routes: egress.routes };
  const edit =
    change.kind === 'route' ? toAddition(change, effective, plan) : toExemption(change, effective, plan);
  if (edit === null) return { path: own.path, text: own.text };
  const text = editRoutes(own.text, holder === own ? null : written, edit);
  // INVARIANT: no text leaves here that does not load.
  await loadManifest(name, {
    ...context,
    readManifestFile: (file) => (file === name ? { path: own.path, text } : context.readManifestFile(file)),
  });
  return { path: own.path, text };
}

/** One route more, or null where there is nothing that it would add. */
function toAddition(
  change: RouteProposal,
  { written, routes }: EffectiveRoutes,
  { egress }: Pick<BottlePlan, 'egress'>,
): RoutesEdit | null {
  const { host, scheme, port, methods, paths, credentialOf } = change;
  const route: RouteText = {
    host,
    ...(scheme !== routeDefaults.scheme && { scheme }),
    ...(port !== routeDefaults.port[scheme] && { port }),
    ...(methods !== null && { methods: [...methods] }),
    ...(paths !== null && { paths: [...paths] }),
  };
  // Of two equal routes the first decides, whatever credential the second has.
  if (!wouldChange(change, routes) || findRepeatedRoute([...written, route]) !== null) return null;
  if (credentialOf === null) return { kind: 'add', route };
  const { auth } = findWritten(egress.routes, credentialOf, { written, routes });
  if (auth === undefined) throw gone(credentialOf, 'has no credential there now');
  return { kind: 'add', route: { ...route, auth } };
}

/** One label more on a route, or null where it is there. */
function toExemption(
  { route, rule: label }: ExemptionProposal,
  effective: EffectiveRoutes,
  { pipelock }: Pick<BottlePlan, 'pipelock'>,
): RoutesEdit | null {
  const written = findWritten(pipelock.rules, route, effective);
  if (written.exempt?.includes(label) === true) return null;
  return { kind: 'exempt', index: effective.written.indexOf(written), label };
}

/** The manifest's route that is what a plan's rule was made from: by what it says, since its place may have changed. */
function findWritten(rules: readonly RequestRule[], id: string, { written }: EffectiveRoutes): RouteText {
  const rule = rules.find((candidate) => candidate.id === id);
  if (rule === undefined) throw gone(id, 'is no route of the running bottle');
  const route = written.find((candidate) => toRouteKey(candidate) === toRouteKey(rule));
  if (route === undefined) {
    throw gone(
      id,
      `(${toTargetText(rule)}) is not in the manifest; save that route first, or edit the manifest`,
    );
  }
  return route;
}

function gone(id: string, words: string): BottleError {
  return new BottleError('request-invalid', `Nothing was saved: the route ${id} ${words}.`);
}
