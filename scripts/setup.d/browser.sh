# What the tests of "bottle supervise" drive: a browser for the page, a terminal for the list. Sourced by scripts/setup. Where they
# cannot be installed those tests are skipped, and say so; nothing else needs them.

setup_browser() {
  begin browser
  local missing=()
  [[ -x ${BOTTLE_TEST_BROWSER:-/usr/bin/chromium} ]] || missing+=(chromium)
  command -v tmux >/dev/null || missing+=(tmux)
  if ((${#missing[@]} > 0)); then
    if ! is_debian_root; then
      outcome "not there: ${missing[*]}; the tests that need it are skipped"
      return
    fi
    working "installing ${missing[*]} from Debian"
    install_packages "${missing[@]}"
  fi
  outcome 'as the tests want it'
}
