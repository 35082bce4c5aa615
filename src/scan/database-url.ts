import type { CredentialClass } from './credential-class.ts';
import { isPlaceholder } from './placeholder.ts';

/** Passwords of manuals and of containers on a developer's machine. */
const usualPasswords = [
  ...['password', 'passwd', 'pass', 'pwd', 'secret', 'root', 'admin', 'user', 'username', 'test', 'guest'],
  ...['postgres', 'mysql', 'mariadb', 'mongo', 'mongodb', 'redis', 'rabbitmq', 'app', 'dev', 'development'],
];

/** Reserved names, and names that mean a machine of one's own. */
const harmlessHost =
  /(?:^|\.)(?:localhost|local|test|invalid|example|example\.(?:com|org|net))$|^(?:127\.|0\.0\.0\.0)/i;

/** A database's URL with a password in it, to a host with a full name or an address. */
export const databaseUrl: CredentialClass = {
  rule: 'database-url',
  name: "a database's URL with its password",
  literals: ['postgres', 'mysql', 'mariadb', 'mongodb', 'redis', 'amqp', 'mssql', 'sqlserver', 'clickhouse'],
  form: /(?<![A-Za-z0-9])(?:postgres(?:ql)?|mysql|mariadb|mongodb|rediss?|amqps?|mssql|sqlserver|clickhouse)(?:\+[a-z0-9]{1,16})?:\/\/[^\s:@/"'`<>]{0,64}:([^\s@/"'`<>]{4,128})@([A-Za-z0-9.-]{1,253})/y,
  accepts: ([, password = '', host = '']) =>
    host.includes('.') && !harmlessHost.test(host) && !isUsualPassword(password),
};

/** Also variables that something puts in later: `${PASSWORD}`, `{password}`, `%s`, `$DB_PASS`. */
function isUsualPassword(password: string): boolean {
  const lower = password.toLowerCase();
  return (
    usualPasswords.includes(lower.replace(/[\d!]{1,4}$/, '')) ||
    /^[$%{[(*#]|[${}]/.test(password) ||
    (password.length >= 8 && isPlaceholder(password) && new Set(password).size < 4) ||
    /example|placeholder|changeme|your[-_]?pass|x{4}/.test(lower)
  );
}
