import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RequestRule } from '../../policy/request-rule.ts';
import {
  parseChoice,
  parseDictionary,
  parseList,
  parseText,
  parseWholeNumber,
} from '../daemon/strict-json.ts';

/** One route as an agent may know it: without a word on its credential but whether there is one. */
export interface BottleRoute extends RequestRule {
  readonly credential: boolean;
  /** Labels of known secrets that pass on it. */
  readonly exempt: readonly string[];
}

/** What this bottle allows at this moment. */
export interface BottleRules {
  readonly routes: readonly BottleRoute[];
  readonly allowPrivate: readonly string[];
}

/**
 * Reads what egress and pipelock act by. Their files change while the bottle runs, each by one rename, so they are read for
 * every question anew.
 * @param directory `/etc/bottle` in the bundle
 * @throws Error when one of the files is not there or not what it should be
 */
export async function readBottleRules(directory: string): Promise<BottleRules> {
  const [egress, pipelock] = await Promise.all(
    ['egress.json', 'pipelock-rules.json'].map(async (file) =>
      parseDictionary(JSON.parse(await readFile(join(directory, file), 'utf8')), file),
    ),
  );
  const exempt = new Map(parseList(pipelock?.rules, 'pipelock-rules.json: rules', parseExemptions));
  const routes = parseList(egress?.routes, 'egress.json: routes', parseRoute);
  return {
    routes: routes.map((route) => ({ ...route, exempt: exempt.get(route.id) ?? [] })),
    allowPrivate: parseList(egress?.allowPrivate, 'egress.json: allowPrivate', parseText),
  };
}

function parseExemptions(value: unknown, at: string): readonly [string, readonly string[]] {
  const rule = parseDictionary(value, at);
  return [parseText(rule.id, `${at}.id`), parseList(rule.exempt, `${at}.exempt`, parseText)];
}

function parseRoute(value: unknown, at: string): Omit<BottleRoute, 'exempt'> {
  const route = parseDictionary(value, at);
  return {
    id: parseText(route.id, `${at}.id`),
    host: parseText(route.host, `${at}.host`),
    scheme: parseChoice(route.scheme, `${at}.scheme`, ['https', 'http']),
    port: parseWholeNumber(route.port, `${at}.port`, 1, 65_535),
    methods: parseWords(route.methods, `${at}.methods`),
    paths: parseWords(route.paths, `${at}.paths`),
    // SECURITY: which secret it is and how it travels stays here.
    credential: route.auth !== null,
  };
}

function parseWords(value: unknown, at: string): readonly string[] | null {
  return value === null ? null : parseList(value, at, parseText);
}
