# One line a step, on standard error: what it is, how it came out, how long it took. Sourced by scripts/setup.

setup_log="$root/.toolchain/setup.log"

# begin STEP
begin() {
  step=$1
  step_started=$(now_ms)
}

# outcome TEXT: ends the step's line.
outcome() {
  local took=$(($(now_ms) - step_started))
  printf 'setup: %-11s %s (%d.%d s)\n' "$step" "$1" $((took / 1000)) $((took % 1000 / 100)) >&2
}

# working TEXT: says what a step that takes more than a moment is about to do.
working() {
  printf 'setup: %-11s %s ...\n' "$step" "$1" >&2
}

# run COMMAND...: with its output in the log; on failure the log's end is shown and setup ends.
run() {
  printf '+ %s\n' "$*" >>"$setup_log"
  "$@" </dev/null >>"$setup_log" 2>&1 9>&- || {
    local status=$?
    printf 'setup: %-11s failed: "%s" ended with %d; the end of %s:\n' "$step" "$*" "$status" "$setup_log" >&2
    tail -n 40 "$setup_log" >&2
    exit 1
  }
}

# missing TEXT: ends setup because of something only the user can bring.
missing() {
  printf 'setup: %-11s %s\n' "$step" "$1" >&2
  exit 3
}

# Milliseconds of a clock; bash 5 has one built in, the bash of macOS counts whole seconds.
now_ms() {
  if [[ -n ${EPOCHREALTIME:-} ]]; then
    local stamp=${EPOCHREALTIME/[.,]/}
    echo $((stamp / 1000))
  else
    echo $((SECONDS * 1000))
  fi
}

# digest: SHA-256 of standard input.
digest() {
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -c1-64
}

is_debian_root() {
  [[ -f /etc/debian_version && $(id -u) == 0 ]] && command -v apt-get >/dev/null
}

# install_packages NAME...: from Debian's archive; only where is_debian_root.
install_packages() {
  run env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  run env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@"
}
