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

# The bundle's image and the guest images that the tests and the demo start, made by bottle itself.
setup_images() {
  begin images
  local bundle agent
  bundle=$(image_reference bundle)
  for agent in shell claude; do
    docker image inspect "$bundle" "$(image_reference "$agent")" >/dev/null 2>&1 || build_images "$agent"
  done
  outcome "$bundle $(image_reference shell) $(image_reference claude)"
}

# image_reference KIND: as the build named it.
image_reference() {
  grep -oE "\"bottle-$1:[0-9a-f]{12}\"" dist/images.json | tr -d '"'
}

# build_images AGENT: the images of a bottle with nothing but that agent in its manifest.
build_images() {
  local config="$root/.toolchain/config"
  working "building the bundle's and the $1 guest's, if not there"
  mkdir -p "$config/bottle/bottles"
  printf 'agent: %s\nworkspace: { source: "%s", mode: copy }\n' "$1" "$root/images" >"$config/bottle/bottles/$1.yaml"
  run env XDG_CONFIG_HOME="$config" node bin/run.js image build "$1"
}
