import type { SupervisePlan } from '../../plans/supervise-plan.ts';
import {
  parseChoice,
  parseList,
  parseRecord,
  parseText,
  parseVersionedFile,
  parseWholeNumber,
} from '../daemon/strict-json.ts';

const file = 'supervise.json';
const planKeys = ['listen', 'queueDirectory', 'answerTimeoutMs', 'exemptible', 'limits'];
const limitKeys = [
  'maxWaiting',
  'maxRequestsPerMinute',
  'maxRequestsPerHour',
  'maxTextLength',
  'maxMessageBytes',
  'maxConnections',
];
const dayMs = 86_400_000;

/**
 * Makes a {@link SupervisePlan} from the text of `supervise.json`.
 * @throws Error that names the place of the first thing that is not as it should be.
 */
export function parseSuperviseConfiguration(text: string): SupervisePlan {
  const record = parseVersionedFile(text, file, planKeys);
  const listen = parseRecord(record.listen, `${file}: listen`, ['address', 'port']);
  return {
    listen: {
      address: parseText(listen.address, `${file}: listen.address`),
      // 0 lets the system choose a port, which tests rely on.
      port: parseWholeNumber(listen.port, `${file}: listen.port`, 0, 65_535),
    },
    queueDirectory: parseChoice(record.queueDirectory, `${file}: queueDirectory`, [
      '/var/lib/bottle/supervise/queue',
    ]),
    answerTimeoutMs: parseWholeNumber(record.answerTimeoutMs, `${file}: answerTimeoutMs`, 1, 7 * dayMs),
    exemptible: parseList(record.exemptible, `${file}: exemptible`, parseText),
    limits: parseLimits(record.limits, `${file}: limits`),
  };
}

function parseLimits(value: unknown, at: string): SupervisePlan['limits'] {
  const record = parseRecord(value, at, limitKeys);
  const read = (key: string, most: number): number => parseWholeNumber(record[key], `${at}.${key}`, 1, most);
  return {
    maxWaiting: read('maxWaiting', 1_000),
    maxRequestsPerMinute: read('maxRequestsPerMinute', 1_000),
    maxRequestsPerHour: read('maxRequestsPerHour', 10_000),
    maxTextLength: read('maxTextLength', 8_192),
    maxMessageBytes: read('maxMessageBytes', 1024 * 1024),
    maxConnections: read('maxConnections', 1_024),
  };
}
