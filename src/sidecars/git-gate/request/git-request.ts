/** What a guest may ask the gate for. Archives (`git-upload-archive`) are not among it. */
export type GitService = 'git-upload-pack' | 'git-receive-pack';

/** The first line of a connection. */
export interface GitRequest {
  readonly service: GitService;
  /** Without slashes around it; never used as a path. */
  readonly path: string;
  /** The protocol's version that the client asks for. */
  readonly protocol: 0 | 1 | 2;
}

/** A request that the gate does not serve. The message is the sentence for the guest; it quotes nothing. */
export class RequestRefusal extends Error {
  override readonly name = 'RequestRefusal';
}

const services: readonly string[] = ['git-upload-pack', 'git-receive-pack'] satisfies readonly GitService[];
/** Printable ASCII and what UTF-8 adds; no space, which ends the service's name, may begin it. */
const pathText = /^\/[^\p{Cc}\p{Cf}\p{Cs}\ufffd]{0,1023}$/u;
const hostParameter = /^host=[\x21-\x7e]{1,255}$/;
const extraParameter = /^[\x21-\x7e]{1,255}$/;
const maxExtraParameters = 8;

/**
 * Reads the payload of a connection's first line: `git-upload-pack /host/path`, a zero byte, `host=...`, a zero byte, and, after
 * one more, further parameters that each end with a zero byte.
 * @throws RequestRefusal for anything else
 */
export function parseGitRequest(payload: Uint8Array): GitRequest {
  const text = Buffer.from(payload).toString('utf8');
  const [command = '', ...parameters] = text.split('\0');
  const space = command.indexOf(' ');
  const service = command.slice(0, space);
  if (!isService(service)) {
    throw new RequestRefusal('The gate serves fetch and push, and nothing else.');
  }
  // Old clients end the line as one.
  const path = command.slice(space + 1).replace(/\n$/, '');
  if (!pathText.test(path)) throw malformed();
  return { service, path: path.replace(/^\/+|\/+$/g, ''), protocol: readProtocol(parameters) };
}

/** Each parameter ends with a zero byte, so that the last piece is empty; an empty one stands before the extra ones. */
function readProtocol(parameters: readonly string[]): GitRequest['protocol'] {
  if (parameters.length === 0) return 0;
  if (parameters.at(-1) !== '') throw malformed();
  const given = parameters.slice(0, -1);
  const gap = given.indexOf('');
  const first = gap === -1 ? given : given.slice(0, gap);
  const extra = gap === -1 ? [] : given.slice(gap + 1);
  if (first.length > 1 || !first.every((text) => hostParameter.test(text))) throw malformed();
  if (extra.length > maxExtraParameters || !extra.every((text) => extraParameter.test(text)))
    throw malformed();
  if (extra.includes('version=2')) return 2;
  return extra.includes('version=1') ? 1 : 0;
}

function malformed(): RequestRefusal {
  return new RequestRefusal('The request is not written as git writes one.');
}

function isService(text: string): text is GitService {
  return services.includes(text);
}
