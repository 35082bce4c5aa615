import type { CredentialClass } from './credential-class.ts';
import { databaseUrl } from './database-url.ts';
import { isPlaceholder } from './placeholder.ts';
import { privateKey, privateKeyInBase64 } from './private-key.ts';
import { hasTokenChecksum } from './token-checksum.ts';

/** A form decides, unless what its first group holds is an example of a manual. */
const noPlaceholder = (match: RegExpExecArray) => !isPlaceholder(match[1] ?? '');
/** As above, where real ones mix letters of both cases and digits. */
const mixed = (match: RegExpExecArray) => noPlaceholder(match) && isMixed(match[1] ?? '');
const isMixed = (text: string) => /[a-z]/.test(text) && /[A-Z]/.test(text) && /[0-9]/.test(text);
const checksummed = (match: RegExpExecArray) => hasTokenChecksum(match[1] ?? '');

/**
 * What the engine knows by its form. Ids are stable: manifests and audit lines name them. Where the issuer
 * gives tokens a checksum, it decides and no boundary is asked for; elsewhere exact lengths and boundaries
 * keep ordinary text apart. JSON Web Tokens are not here: most that lie in repositories are examples, or
 * lapsed.
 */
export const credentialClasses: readonly CredentialClass[] = [
  privateKey,
  privateKeyInBase64,
  {
    rule: 'gcp-service-account',
    name: "a Google service account's key",
    literals: ['"private_key_id"'],
    form: /"private_key_id"\s{0,8}:\s{0,8}"([0-9a-f]{40})"/y,
    accepts: noPlaceholder,
  },
  {
    rule: 'aws-access-key-id',
    name: 'an AWS access key id',
    literals: ['AKIA', 'ASIA'],
    form: /(?<![A-Za-z0-9])A[KS]IA([A-Z2-7]{16})(?![A-Za-z0-9])/y,
    accepts: noPlaceholder,
  },
  {
    rule: 'aws-secret-access-key',
    name: 'an AWS secret access key',
    literals: [
      'secret_access_key',
      'SECRET_ACCESS_KEY',
      'ecretAccessKey',
      'aws_secret_key',
      'AWS_SECRET_KEY',
    ],
    form: /[A-Za-z_]{14,18}["'\\]{0,2}\s{0,8}(?:=>|[:=>])\s{0,8}["'\\]{0,2}([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])/y,
    accepts: mixed,
  },
  {
    rule: 'github-token',
    name: 'a GitHub token',
    literals: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'],
    form: /gh[pousr]_([A-Za-z0-9]{36})/y,
    accepts: checksummed,
  },
  {
    rule: 'github-refresh-token',
    name: 'a GitHub refresh token',
    literals: ['ghr_'],
    form: /ghr_([A-Za-z0-9]{76})(?![A-Za-z0-9])/y,
    accepts: noPlaceholder,
  },
  {
    rule: 'github-fine-grained-token',
    name: 'a GitHub fine-grained token',
    literals: ['github_pat_'],
    form: /github_pat_([A-Za-z0-9]{22}_[A-Za-z0-9]{59})(?![A-Za-z0-9])/y,
    accepts: mixed,
  },
  {
    rule: 'gitlab-token',
    name: 'a GitLab token',
    literals: ['glpat-', 'gldt-', 'glrt-', 'glptt-', 'glsoat-', 'glcbt-'],
    form: /(?<![A-Za-z0-9_-])gl(?:pat|dt|rt|ptt|soat|cbt)-([\w-]{20,300}(?:\.[0-9a-z]{2}\.[0-9a-z]{9})?)(?![\w-])/y,
    accepts: noPlaceholder,
  },
  {
    rule: 'slack-token',
    name: 'a Slack token',
    literals: ['xoxa-', 'xoxb-', 'xoxe-', 'xoxp-', 'xoxr-', 'xoxs-', 'xapp-'],
    form: /(?:xox[abeprs]-(?:\d-)?\d{8,14}-|xapp-\d-[A-Z0-9]{8,14}-\d{8,14}-)([A-Za-z0-9-]{16,250})/y,
    accepts: noPlaceholder,
  },
  {
    rule: 'slack-webhook',
    name: "a Slack webhook's URL",
    literals: ['hooks.slack.com/'],
    form: /hooks\.slack\.com\/(?:services|workflows|triggers)\/T[A-Z0-9]{8,12}\/[A-Z0-9]{9,20}\/([A-Za-z0-9]{20,40})(?![A-Za-z0-9])/y,
    accepts: noPlaceholder,
  },
  {
    rule: 'stripe-key',
    name: 'a live Stripe key',
    literals: ['sk_live_', 'rk_live_'],
    form: /[sr]k_live_([A-Za-z0-9]{24,247})(?![A-Za-z0-9])/y,
    accepts: noPlaceholder,
  },
  {
    rule: 'anthropic-key',
    name: 'an Anthropic key',
    literals: ['sk-ant-'],
    form: /sk-ant-[a-z]{2,12}\d{2}-([\w-]{40,200})/y,
    accepts: mixed,
  },
  {
    rule: 'openai-key',
    name: 'an OpenAI key',
    literals: ['sk-proj-', 'sk-svcacct-', 'sk-admin-'],
    form: /sk-(?:proj|svcacct|admin)-([\w-]{40,250})/y,
    accepts: mixed,
  },
  {
    rule: 'openai-key',
    name: 'an OpenAI key',
    literals: ['T3BlbkFJ'],
    form: /(?<=(?<![\w-])sk-(?:[A-Za-z0-9]{20}))T3BlbkFJ([A-Za-z0-9]{20})(?![A-Za-z0-9])/y,
    accepts: noPlaceholder,
  },
  {
    rule: 'google-api-key',
    name: 'a Google API key',
    literals: ['AIza'],
    form: /(?<![\w-])AIza([\w-]{35})(?![\w-])/y,
    accepts: mixed,
  },
  {
    rule: 'npm-token',
    name: 'an npm token',
    literals: ['npm_'],
    form: /npm_([A-Za-z0-9]{36})/y,
    accepts: checksummed,
  },
  {
    rule: 'pypi-token',
    name: 'a PyPI token',
    literals: ['pypi-AgE'],
    form: /pypi-(AgE(?:IcHlwaS5vcmc|NdGVzdC5weXBpLm9yZw)[\w-]{50,500})/y,
    accepts: noPlaceholder,
  },
  {
    rule: 'sendgrid-key',
    name: 'a SendGrid key',
    literals: ['SG.'],
    form: /(?<![\w.-])SG\.([\w-]{22}\.[\w-]{43})(?![\w-])/y,
    accepts: mixed,
  },
  {
    rule: 'digitalocean-token',
    name: 'a DigitalOcean token',
    literals: ['dop_v1_', 'doo_v1_', 'dor_v1_'],
    form: /do[opr]_v1_([a-f0-9]{64})(?![A-Za-z0-9])/y,
    accepts: noPlaceholder,
  },
  {
    rule: 'huggingface-token',
    name: 'a Hugging Face token',
    literals: ['hf_'],
    form: /(?<![A-Za-z0-9_])hf_([A-Za-z0-9]{34})(?![A-Za-z0-9_])/y,
    accepts: (match) => noPlaceholder(match) && /[a-z]/.test(match[1] ?? '') && /[A-Z]/.test(match[1] ?? ''),
  },
  {
    rule: 'vault-token',
    name: 'a Vault token',
    literals: ['hvs.', 'hvb.', 'hvr.'],
    form: /(?<![\w.-])hv[sbr]\.([\w-]{24,300})(?![\w.-])/y,
    accepts: mixed,
  },
  databaseUrl,
];
