# A Docker engine: the one that answers, else Debian's, installed and started. Sourced by scripts/setup.

dockerd_log=/var/log/bottle-dockerd.log

setup_engine() {
  begin engine
  if engine_answers; then
    outcome "Docker $engine_version"
    return
  fi
  if [[ $engine_error == *'permission denied'* ]]; then
    missing "the Docker engine does not let $(id -un) in: add yourself to the group \"docker\" (sudo usermod -aG docker $(id -un)) and log in again"
  fi
  # With an engine named elsewhere, starting one here would not help.
  [[ -z ${DOCKER_HOST:-} ]] || missing "no Docker engine answers at DOCKER_HOST=$DOCKER_HOST: start it, or unset DOCKER_HOST"
  is_debian_root || missing 'no Docker engine answers: start Docker (or install it, https://docs.docker.com/engine/install) and run this again'
  if ! command -v dockerd >/dev/null || ! command -v docker >/dev/null || ! command -v iptables >/dev/null; then
    working 'installing docker.io from Debian'
    install_packages docker.io iptables procps # procps: the engine lists processes with ps
  fi
  start_engine
  outcome "Docker $engine_version, started"
}

# Sets engine_version, or engine_error.
engine_answers() {
  local words
  if words=$(docker version --format '{{.Server.Version}}' 2>&1); then
    engine_version=$words
  else
    engine_error=$words
    return 1
  fi
}

start_engine() {
  engine_answers && return # installing it may have started it
  if [[ -d /run/systemd/system ]]; then
    run systemctl start docker
  else
    # A session of its own: the engine outlives this setup, and a Ctrl-C here is not for it.
    setsid dockerd --host unix:///var/run/docker.sock </dev/null >>"$dockerd_log" 2>&1 9>&- &
    local daemon=$!
  fi
  local deadline=$((SECONDS + 60))
  until engine_answers; do
    if [[ -n ${daemon:-} ]] && ! kill -0 "$daemon" 2>/dev/null && ! engine_answers; then
      tail -n 15 "$dockerd_log" >&2
      missing "the Docker engine ended as soon as it was started; its log is $dockerd_log"
    fi
    ((SECONDS < deadline)) || missing "the Docker engine was started and does not answer; its log is $dockerd_log"
    sleep 0.2
  done
}
