import type { BottlePlan } from './bottle-plan.ts';
import { toBundleJson } from './to-bundle-json.ts';
import { toEgressJson } from './to-egress-json.ts';
import { toPipelockRules } from './to-pipelock-rules.ts';
import { toPipelockYamlText } from './to-pipelock-yaml.ts';

/** A file of the bundle's configuration folder, `/etc/bottle`. Never holds a secret. */
export interface ConfigFile {
  readonly path: string;
  readonly content: string;
}

/** The texts of all files that the bundle's daemons read. */
export function toConfigFiles(plan: BottlePlan): readonly ConfigFile[] {
  return [
    { path: 'bundle.json', content: toJsonText(toBundleJson(plan.bundle)) },
    { path: 'egress.json', content: toJsonText(toEgressJson(plan.egress)) },
    { path: 'pipelock.yaml', content: toPipelockYamlText(plan) },
    { path: 'pipelock-rules.json', content: toJsonText(toPipelockRules(plan.pipelock)) },
    ...toOptionalFile('git-gate.json', plan.gitGate),
    ...toOptionalFile('supervise.json', plan.supervise),
  ];
}

/** The plan itself and the format's version; no file where the daemon does not run. */
function toOptionalFile(path: string, plan: object | null): readonly ConfigFile[] {
  return plan === null ? [] : [{ path, content: toJsonText({ version: 1, ...plan }) }];
}

function toJsonText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
