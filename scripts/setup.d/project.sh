# The project's packages and its build, each with a stamp of what it was made from. Sourced by scripts/setup.

setup_packages() {
  begin packages
  local wanted stamp=node_modules/.bottle-lock
  wanted=$(digest <package-lock.json)
  if [[ -f $stamp && $(<"$stamp") == "$wanted" ]]; then
    outcome 'as in package-lock.json'
    return
  fi
  working 'npm ci'
  # No package's install script is needed: those that have one bring their binary in a package of its own.
  run npm ci --ignore-scripts --include=dev --no-audit --no-fund
  echo "$wanted" >"$stamp"
  outcome 'installed'
}

setup_build() {
  begin build
  local wanted stamp=dist/.bottle-sources
  wanted=$({ source_files && source_files | xargs -0 cat; } | digest)
  if [[ -f $stamp && -f oclif.manifest.json && $(<"$stamp") == "$wanted" ]]; then
    outcome 'up to date'
    return
  fi
  run node scripts/build.ts
  echo "$wanted" >"$stamp"
  outcome 'done'
}

# A workspace that is cloned, and the tests of it, take git.
setup_git() {
  begin git
  if ! command -v git >/dev/null; then
    is_debian_root || missing 'git is not there: install it'
    working 'installing git from Debian'
    install_packages git
  fi
  outcome "$(git --version | cut -d' ' -f3)"
}

# What dist/ is made from, in one order everywhere.
source_files() {
  find src images bin scripts package.json package-lock.json -type f -print0 | LC_ALL=C sort -z
}
