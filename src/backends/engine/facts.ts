import type { Engine } from './engine.ts';

/** What the engine says about itself. */
export interface EngineFacts {
  readonly version: string;
  readonly apiVersion: string;
  readonly os: string;
  readonly runtimes: readonly string[];
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly securityOptions: readonly string[];
  readonly initBinary: string;
  readonly limits: { readonly cpu: boolean; readonly memory: boolean; readonly pids: boolean };
}

interface EngineInfo {
  readonly ServerVersion: string;
  readonly OSType: string;
  readonly Runtimes?: Readonly<Record<string, unknown>>;
  readonly NCPU: number;
  readonly MemTotal: number;
  readonly SecurityOptions?: readonly string[] | null;
  readonly InitBinary?: string;
  readonly CpuCfsQuota?: boolean;
  readonly MemoryLimit?: boolean;
  readonly PidsLimit?: boolean;
}

/** Asks the engine about itself. */
export async function readEngineFacts(engine: Engine): Promise<EngineFacts> {
  const [info, version] = await Promise.all([
    engine.call('info', (docker) => docker.info() as Promise<EngineInfo>),
    engine.call('version', (docker) => docker.version()),
  ]);
  return {
    version: info.ServerVersion,
    apiVersion: version.ApiVersion,
    os: info.OSType,
    runtimes: Object.keys(info.Runtimes ?? {}).sort(),
    cpus: info.NCPU,
    memoryBytes: info.MemTotal,
    securityOptions: info.SecurityOptions ?? [],
    initBinary: info.InitBinary ?? '',
    limits: {
      cpu: info.CpuCfsQuota === true,
      memory: info.MemoryLimit === true,
      pids: info.PidsLimit === true,
    },
  };
}
