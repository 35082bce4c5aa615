# The base image, and the images made from it. Sourced by scripts/setup.

base_image=node:24-bookworm-slim

setup_base_image() {
  begin 'base image'
  if docker image inspect "$base_image" >/dev/null 2>&1; then
    outcome "$base_image"
    return
  fi
  working "pulling $base_image"
  if pull_base_image; then
    outcome "$base_image, pulled"
    return
  fi
  is_debian_root || missing "no registry gave $base_image, and only root on Debian can make it here: run \"docker pull $base_image\" where one answers, or load it with \"docker load\""
  working 'no registry answers: making it from Debian and the npm registry'
  command -v mmdebstrap >/dev/null || install_packages mmdebstrap
  run scripts/setup.d/make-base-image "$base_image" "$node_version" "$npm_version"
  outcome "$base_image, made here"
}

# Gives up when no registry has answered after 15 seconds; a pull that has begun may take its time.
pull_base_image() {
  docker pull "$base_image" </dev/null >.toolchain/pull.log 2>&1 9>&- &
  local pull=$! deadline=$((SECONDS + 15))
  while kill -0 "$pull" 2>/dev/null; do
    if ((SECONDS >= deadline)) && ! grep -q 'Pulling from' .toolchain/pull.log; then
      kill "$pull" 2>/dev/null || true
    fi
    sleep 0.1
  done
  wait "$pull" 2>/dev/null
}

# The bundle's image and the guest images that the tests and the demo start.
setup_images() {
  begin images
  local reference wanted=()
  for reference in $(grep -oE '"bottle-(bundle|claude|shell):[0-9a-f]{12}"' dist/images.json | tr -d '"'); do
    wanted+=("$reference")
  done
  ((${#wanted[@]} == 3)) || { echo 'dist/images.json does not name the bundle, claude and shell images' >&2; exit 1; }
  if docker image inspect "${wanted[@]}" >/dev/null 2>&1; then
    outcome "${wanted[*]}"
    return
  fi
  for reference in "${wanted[@]}"; do
    docker image inspect "$reference" >/dev/null 2>&1 || build_image "$reference"
  done
  outcome "${wanted[*]}, built"
}

build_image() {
  local kind=${1#bottle-} context=.toolchain/context
  kind=${kind%:*}
  working "building $1"
  rm -rf "$context"
  mkdir -p "$context/extra-ca"
  if [[ $kind == bundle ]]; then
    cp -R images/bundle/. "$context"
    mkdir "$context/sidecars"
    cp dist/sidecars/*.js "$context/sidecars"
  else
    cp -R "images/agents/$kind/." "$context"
    if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
      cp /usr/local/share/ca-certificates/*.crt "$context/extra-ca"
    fi
  fi
  run env DOCKER_BUILDKIT=0 docker build --tag "$1" "$context"
  rm -rf "$context"
}
