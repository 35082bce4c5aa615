import { BottleError } from '../../errors.ts';
import { readBuiltReferences } from '../../host/image-references.ts';
import { runProgram } from '../../host/run-program.ts';
import type { Capability } from '../backend.ts';
import type { Engine } from '../engine/engine.ts';
import { type EngineFacts, readEngineFacts } from '../engine/facts.ts';
import { hasImage } from '../engine/images.ts';
import { isLocalEngine } from './probe.ts';

/** Checks what bottles on Docker need of this host, the engine first: without it nothing else can be asked. */
export async function diagnoseDocker(surroundings: {
  readonly engine: Engine;
  readonly packageRoot: string;
  readonly searchPath: string;
}): Promise<readonly Capability[]> {
  const { engine, packageRoot, searchPath } = surroundings;
  const git = await diagnoseGit(searchPath);
  let facts: EngineFacts;
  try {
    facts = await readEngineFacts(engine);
  } catch (error) {
    if (!(error instanceof BottleError)) throw error;
    return [
      { name: 'engine', status: 'missing', detail: error.message, remedy: error.hint, required: true },
      git,
    ];
  }
  return [
    {
      name: 'engine',
      status: 'present',
      detail: `Docker ${facts.version} at ${engine.address}`,
      remedy: '',
      required: true,
    },
    ...diagnoseFacts(facts),
    diagnoseSeal(engine),
    await diagnoseBundleImage(engine, packageRoot),
    git,
  ];
}

/** The capabilities that the engine's own words tell of. */
export function diagnoseFacts(facts: EngineFacts): readonly Capability[] {
  const seccomp = facts.securityOptions.some((option) => option.startsWith('name=seccomp'));
  const limits = Object.entries(facts.limits).flatMap(([name, present]) => (present ? [] : [name]));
  return [
    check('linux containers', facts.os === 'linux', {
      present: 'the engine runs them',
      missing: `the engine runs ${facts.os} containers`,
      remedy: 'Switch the engine to Linux containers.',
      required: true,
    }),
    check('engine init', facts.initBinary !== '', {
      present: facts.initBinary,
      missing: 'the engine has no init for containers',
      remedy: 'Install docker-init (tini) beside the engine.',
      required: true,
    }),
    check('resource limits', limits.length === 0, {
      present: 'cpu, memory and processes',
      missing: `the kernel does not limit ${limits.join(', ')}`,
      remedy: 'Enable the cgroup controllers of the same names.',
      required: false,
    }),
    check('seccomp', seccomp, {
      present: 'system calls are filtered',
      missing: 'the engine filters no system calls',
      remedy: 'Use an engine and a kernel with seccomp.',
      required: false,
    }),
    check('gVisor', facts.runtimes.includes('runsc'), {
      present: 'bottles use the runtime "runsc"',
      missing: 'guests share the kernel of the host',
      remedy:
        'For a kernel of their own, install gVisor and register it with the engine as the runtime "runsc".',
      required: false,
    }),
  ];
}

interface CheckWords {
  readonly present: string;
  readonly missing: string;
  readonly remedy: string;
  readonly required: boolean;
}

/** What a bottle can do without is a warning where it is missing. */
function check(name: string, isPresent: boolean, words: CheckWords): Capability {
  const { required } = words;
  if (isPresent) return { name, status: 'present', detail: words.present, remedy: '', required };
  return {
    name,
    status: required ? 'missing' : 'warning',
    detail: words.missing,
    remedy: words.remedy,
    required,
  };
}

function diagnoseSeal(engine: Engine): Capability {
  return check('seal check', isLocalEngine(engine), {
    present: 'launch looks at the bridge of each guest network',
    missing:
      "the engine's bridges are not on this host, so launch can only ask the engine about its networks",
    remedy: 'Use an engine on this host for the full check.',
    required: false,
  });
}

async function diagnoseBundleImage(engine: Engine, packageRoot: string): Promise<Capability> {
  const { bundle } = await readBuiltReferences(packageRoot);
  return check('bundle image', await hasImage(engine, bundle), {
    present: bundle,
    missing: `${bundle} is not there`,
    remedy: 'Build it with "bottle image build NAME".',
    required: true,
  });
}

async function diagnoseGit(searchPath: string): Promise<Capability> {
  const limits = { timeoutMs: 10_000, maxOutputBytes: 4096 };
  const result = await runProgram({ argv: ['git', '--version'], env: { PATH: searchPath }, ...limits });
  const found = result.kind === 'ended' && result.status === 0;
  return check('git', found, {
    present: found ? result.stdout.trim() : '',
    missing: 'git is not there',
    remedy: 'Install git, for workspaces of mode "clone".',
    required: false,
  });
}
