import { arch, cpus, release, totalmem } from 'node:os';
import Docker from 'dockerode';

/** What the figures were measured on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly arch: string;
  readonly node: string;
  readonly engine: string;
  readonly storage: string;
  readonly cgroups: string;
}

export async function readMachine(): Promise<Machine> {
  const engine = new Docker();
  const info = await engine.info();
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    arch: arch(),
    node: process.version,
    engine: info.ServerVersion,
    storage: info.Driver,
    cgroups: info.CgroupVersion ?? '1',
  };
}
