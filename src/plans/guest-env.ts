/** What the guest's own environment is made from. */
export interface GuestEnvSource {
  readonly name: string;
  readonly proxy: string;
  readonly home: string;
  readonly gitUser: { readonly name: string; readonly email: string };
  readonly hasPrompt: boolean;
  /** The bundle's address where the guest's programs talk to it themselves, besides through its proxy, or null. */
  readonly directAddress: string | null;
  readonly hasGitGate: boolean;
}

const loopback = 'localhost,127.0.0.1';
/** Where a backend puts the bottle's certificate authority in the guest. */
const caPath = '/etc/bottle/ca.pem';
/** Where a backend puts the prompt in the guest; the agent is told by `BOTTLE_PROMPT`. */
const promptPath = '/etc/bottle/prompt.md';
/** What the guest's git reads first, below `/etc/bottle`. */
export const gitConfigName = 'gitconfig';

/** The variables that send the guest's programs to its bundle and make them trust it; a manifest cannot set these. */
export function toGuestEnv({
  name,
  proxy,
  home,
  gitUser,
  hasPrompt,
  directAddress,
  hasGitGate,
}: GuestEnvSource): Readonly<Record<string, string>> {
  const noProxy = directAddress === null ? loopback : `${loopback},${directAddress}`;
  return {
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    ALL_PROXY: proxy,
    NO_PROXY: noProxy,
    http_proxy: proxy,
    https_proxy: proxy,
    all_proxy: proxy,
    no_proxy: noProxy,
    NODE_EXTRA_CA_CERTS: caPath,
    SSL_CERT_FILE: caPath,
    REQUESTS_CA_BUNDLE: caPath,
    CURL_CA_BUNDLE: caPath,
    GIT_SSL_CAINFO: caPath,
    NODE_USE_ENV_PROXY: '1',
    GIT_AUTHOR_NAME: gitUser.name,
    GIT_AUTHOR_EMAIL: gitUser.email,
    GIT_COMMITTER_NAME: gitUser.name,
    GIT_COMMITTER_EMAIL: gitUser.email,
    ...(hasGitGate ? { GIT_CONFIG_SYSTEM: `/etc/bottle/${gitConfigName}` } : {}),
    BOTTLE_NAME: name,
    ...(hasPrompt ? { BOTTLE_PROMPT: promptPath } : {}),
    IS_SANDBOX: '1',
    HOME: home,
  };
}

const reserved = new Set(
  Object.keys(
    toGuestEnv({
      name: '',
      proxy: '',
      home: '',
      gitUser: { name: '', email: '' },
      hasPrompt: true,
      directAddress: null,
      hasGitGate: true,
    }),
  ).map((name) => name.toUpperCase()),
);

/** Whether a manifest may not set a variable, in any case of letters, because bottle sets it. */
export function isReservedEnvName(name: string): boolean {
  return reserved.has(name.toUpperCase()) || name.toUpperCase().startsWith('BOTTLE_');
}
