import type Docker from 'dockerode';

/**
 * What a container really holds, in MB: its control group's usage without the file pages the kernel can drop at no
 * cost. It is also what "docker stats" shows.
 */
export async function readMemory(container: Docker.Container): Promise<number> {
  const { memory_stats } = await container.stats({ stream: false, 'one-shot': true });
  // Version 1 of control groups calls it total_inactive_file, version 2 inactive_file.
  const stats = memory_stats.stats as unknown as Readonly<Record<string, number | undefined>>;
  const inactive = stats.total_inactive_file ?? stats.inactive_file ?? 0;
  return (memory_stats.usage - inactive) / 1e6;
}

/** Reads again and again while `work` lasts, and returns the largest. */
export async function readPeakMemory(
  container: Docker.Container,
  work: () => Promise<void>,
): Promise<number> {
  let working = true;
  const done = work().finally(() => {
    working = false;
  });
  // What it rejects with is thrown below, once nothing is being read any more.
  done.catch(() => undefined);
  let peak = 0;
  while (working) peak = Math.max(peak, await readMemory(container));
  await done;
  return peak;
}
