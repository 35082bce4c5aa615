import type { RunningBottle } from '../../backends/backend.ts';
import { findBackend } from '../../backends/registry.ts';
import { BottleError } from '../../errors.ts';
import { createSecretResolver } from '../../host/resolve-secret.ts';
import type { BottlePlan } from '../../plans/bottle-plan.ts';
import { showProgress } from '../terminal/progress.ts';

/** Address ranges are drawn without a lock; that another launch took one in the same moment is no failure yet. */
const maxAttempts = 3;

export interface LaunchRequest {
  readonly plan: BottlePlan;
  /** Plans again, after the host has changed. */
  readonly replan: () => Promise<BottlePlan>;
  readonly signal: AbortSignal;
}

/** A bottle that is up, and the stack that takes it down. */
export interface LaunchedBottle {
  readonly bottle: RunningBottle;
  readonly stack: AsyncDisposableStack;
}

/**
 * Launches what a plan says and shows how it goes. A failed or aborted launch is taken down before this ends.
 * @throws BottleError whatever `Backend.launch` does, or `teardown-incomplete`
 */
export async function launchBottle(request: LaunchRequest): Promise<LaunchedBottle> {
  let { plan } = request;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await attemptLaunch(plan, request.signal);
    } catch (error) {
      const taken = error instanceof BottleError && error.code === 'subnet-taken';
      if (!taken || attempt === maxAttempts) throw error;
      plan = await request.replan();
    }
  }
}

async function attemptLaunch(plan: BottlePlan, signal: AbortSignal): Promise<LaunchedBottle> {
  const progress = await showProgress();
  try {
    await using stack = new AsyncDisposableStack();
    const backend = await findBackend(plan.backend.kind);
    const resolveSecret = createSecretResolver({ env: process.env, signal });
    const bottle = await backend
      .launch(plan, { stack, signal, resolveSecret, onStep: progress.begin })
      .catch((error: unknown) => Promise.reject(withName(error, plan.name)));
    signal.throwIfAborted();
    await progress.end(null);
    return { bottle, stack: stack.move() };
  } catch (error) {
    await progress.end(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}

/** A missing image's hint is a command to copy, so it needs the bottle's name. */
function withName(error: unknown, name: string): unknown {
  if (!(error instanceof BottleError) || error.code !== 'image-missing') return error;
  return new BottleError(error.code, error.message, {
    hint: `Build it with "bottle image build ${name}".`,
    cause: error,
  });
}
