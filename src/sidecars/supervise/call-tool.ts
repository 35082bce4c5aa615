import type { CallToolResult } from '@modelcontextprotocol/server';
import type { SupervisePlan } from '../../plans/supervise-plan.ts';
import type { Log } from '../daemon/log.ts';
import type { AskOperator, OperatorAnswer } from './ask-operator.ts';
import type { BottleRules } from './bottle-rules.ts';
import { explainRefusal } from './explain-refusal.ts';
import { type AskingTool, parseCall } from './parse-call.ts';
import type { RefusalMemory } from './refusal-memory.ts';
import { toRouteText } from './route-text.ts';

/** What the tools work with. */
export interface ToolParts {
  readonly plan: SupervisePlan;
  /** What the bottle allows at the moment of the call. */
  readonly readRules: () => Promise<BottleRules>;
  readonly askOperator: AskOperator;
  readonly refusals: RefusalMemory;
  readonly log: Log;
}

/**
 * Answers one call of a tool. A call that cannot be is answered too, with a sentence.
 * @param signal aborts when the agent has gone
 */
export async function callTool(
  name: string,
  given: Readonly<Record<string, unknown>>,
  parts: ToolParts,
  signal: AbortSignal,
): Promise<CallToolResult> {
  const { log, readRules } = parts;
  let rules: BottleRules;
  try {
    rules = await readRules();
  } catch (error) {
    const message = `the bottle's rules cannot be read: ${error instanceof Error ? error.message : error}`;
    log.write({ level: 'error', event: 'error', message });
    return refuse("The bottle's rules cannot be read at the moment. Try again.", log);
  }
  switch (name) {
    case 'list-egress-routes':
      return listRoutes(rules);
    case 'why':
      return explain(rules, parts);
    case 'egress-block':
    case 'pipelock-block':
    case 'capability-block':
      return ask(name, given, rules, parts, signal);
    default:
      return refuse('There is no such tool.', log);
  }
}

async function ask(
  tool: AskingTool,
  given: Readonly<Record<string, unknown>>,
  rules: BottleRules,
  { plan, askOperator, log }: ToolParts,
  signal: AbortSignal,
): Promise<CallToolResult> {
  const facts = { rules, exemptible: plan.exemptible, maxTextLength: plan.limits.maxTextLength };
  const call = parseCall(tool, given, facts);
  if (call.kind === 'invalid') return refuse(call.message, log);
  if (call.kind === 'allowed') {
    const notes =
      'This bottle allows it already, so nobody was asked. Call "why" if a request is refused all the same.';
    return toAnswer({ status: 'approved', notes });
  }
  const answer = await askOperator(call.proposal, call.reason, signal);
  if (typeof answer === 'string') return refuse(answer, log);
  return toAnswer(
    answer ?? { status: 'rejected', notes: 'The call was given up before there was an answer.' },
  );
}

function toAnswer({ status, notes }: OperatorAnswer): CallToolResult {
  const text = notes === '' ? `${status}.` : `${status}: ${notes}`;
  return { content: [{ type: 'text', text }], structuredContent: { status, notes } };
}

/** Nothing was asked: the call is wrong, or there were too many. */
function refuse(message: string, log: Log): CallToolResult {
  const fields = { layer: 'supervise', reason: 'a call was refused', hint: message };
  log.write({ level: 'warn', event: 'blocked', message: `call refused: ${message}`, ...fields });
  return { content: [{ type: 'text', text: message }], isError: true };
}

function listRoutes({ routes }: BottleRules): CallToolResult {
  const lines = routes.map(
    (route) => `${route.id}: ${toRouteText(route)}${route.credential ? ' (a credential is added)' : ''}`,
  );
  const text = lines.length === 0 ? 'This bottle reaches no host.' : lines.join('\n');
  return {
    content: [{ type: 'text', text }],
    structuredContent: { routes: routes.map(({ exempt, ...route }) => route) },
  };
}

function explain(rules: BottleRules, { plan, refusals }: ToolParts): CallToolResult {
  const explanations = refusals.list().map((refusal) => explainRefusal(refusal, rules, plan.exemptible));
  const lines = explanations.map(({ time, count, what, why, ask }) => {
    const call = ask === null ? '' : ` To ask for it: ${ask.tool} ${JSON.stringify(ask.arguments)}`;
    return `${time}${count > 1 ? `, ${count} times` : ''}: ${what}. ${why}${call}`;
  });
  const text = lines.length === 0 ? 'This bottle has refused nothing.' : lines.join('\n');
  return { content: [{ type: 'text', text }], structuredContent: { refusals: explanations } };
}
