/** Names that git runs a file by, in a folder of hooks. */
const hookNames = new Set([
  ...['applypatch-msg', 'pre-applypatch', 'post-applypatch', 'pre-commit', 'pre-merge-commit'],
  ...['prepare-commit-msg', 'commit-msg', 'post-commit', 'pre-rebase', 'post-checkout', 'post-merge'],
  ...[
    'pre-push',
    'pre-receive',
    'update',
    'proc-receive',
    'post-receive',
    'post-update',
    'reference-transaction',
  ],
  ...['push-to-checkout', 'pre-auto-gc', 'post-rewrite', 'sendemail-validate', 'fsmonitor-watchman'],
  ...['post-index-change', 'p4-changelist', 'p4-prepare-changelist', 'p4-post-changelist', 'p4-pre-submit'],
]);

/** Folders that hook programs point `core.hooksPath` to. */
const hookFolders = new Set(['.husky', '.githooks', '.git-hooks', '.hooks', '.lefthook', '.git_hooks']);

/** Files by which hook programs are told what to run. */
const hookPrograms =
  /^(?:\.?lefthook(?:-local)?\.(?:ya?ml|toml|jsonc?)|\.pre-commit-(?:config|hooks)\.ya?ml|prek\.toml|\.overcommit\.yml|\.huskyrc(?:\..*)?|husky\.config\.[cm]?js|\.?simple-git-hooks\.(?:[cm]?js|json)|captainhook\.json)$/;

/**
 * Whether a path is one that git, or a program that looks after its hooks, runs something by. A link or a
 * submodule in the place of the folder counts too. Without regard to case: not every file system knows it.
 */
export function isHookPath(path: string): boolean {
  const parts = path.toLowerCase().split('/');
  const name = parts.at(-1) ?? '';
  return (
    parts.some((part) => hookFolders.has(part)) ||
    (parts.at(-2) === 'hooks' && hookNames.has(name)) ||
    hookPrograms.test(name)
  );
}

/** Files whose content git obeys. */
export type ControlFile = 'attributes' | 'modules' | 'lfs-config' | 'config';

/** Which kind a path is, or null. */
export function toControlFile(path: string): ControlFile | null {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  if (name === '.gitattributes') return 'attributes';
  if (name === '.gitmodules') return 'modules';
  if (name === '.lfsconfig') return 'lfs-config';
  if (name === 'config' || name.endsWith('.gitconfig') || name === 'gitconfig') return 'config';
  return null;
}
