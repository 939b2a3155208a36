# shellcheck shell=bash
# nats-server and valkey-server: a program named by the environment or found on the search path (linked in .local/bin),
# else a container when Docker serves, else Debian's packages, unpacked into the checkout.
#
# An address in the environment (NATS_URL, VALKEY_ADDR) is used by the integration tests instead of a server of their
# own. The demo, `make up` and the system tests start and kill whole sites and need the programs all the same, so an
# address only means that a missing program is no reason to stop. MongoDB has no Debian package and is never
# installed: MONGO_URL, then PARLEY_MONGOD or mongod on the search path, then a container, then the local stack's
# embedded server.

missing_programs=""
# The images whose containers stand in for programs.
container_images=""

# about_server NAME: sets minimum, packages, image, and from the environment named (a program) and address.
about_server() {
  case $1 in
    nats-server)
      minimum=$NATS_SERVER_VERSION_MIN packages=$NATS_SERVER_PACKAGES image=$NATS_IMAGE
      named=${PARLEY_NATS_SERVER:-} address=${NATS_URL:-}
      ;;
    valkey-server)
      minimum=$VALKEY_SERVER_VERSION_MIN packages=$VALKEY_SERVER_PACKAGES image=$VALKEY_IMAGE
      named=${PARLEY_VALKEY_SERVER:-} address=${VALKEY_ADDR:-}
      ;;
  esac
}

# provide_server NAME: leaves .local/bin/NAME, or adds NAME to missing_programs.
provide_server() {
  local name=$1 minimum packages image named address found
  about_server "$name"
  found=$(find_program "$name" "$minimum" "$named")
  if [[ -n $found ]]; then
    ln -sfn "$found" "$BIN/$name"
    return
  fi
  # What an earlier run has installed stays.
  if is_installed_from_debian "$name" "$minimum" "$packages"; then
    "link_${name//-/_}"
  else
    missing_programs="$missing_programs $name"
  fi
}

# An image that cannot be fetched leaves its program to be installed in another way.
use_containers() {
  local name minimum packages image named address left=""
  for name in $missing_programs; do
    about_server "$name"
    provide_image "$name" "$image"
    if [[ $step_status -eq 0 ]]; then
      container_images="$container_images $image"
      # What an earlier run linked is gone, else the program would not be missing.
      rm -f "$BIN/$name"
    else
      left="$left $name"
    fi
  done
  missing_programs=$left
  if [[ -z ${PARLEY_MONGOD:-} ]] && ! command -v mongod >/dev/null; then
    provide_image MongoDB "$MONGO_IMAGE"
    if [[ $step_status -eq 0 ]]; then
      container_images="$container_images $MONGO_IMAGE"
    else
      echo "MongoDB: the embedded server, for demo and tests only" >&2
    fi
  fi
}

install_missing_servers() {
  local name minimum packages image named address
  # shellcheck disable=SC2086 # a list of suites
  step "Reading Debian's package lists" "$HINT_DEBIAN" read_package_lists $DEBIAN_SUITES
  for name in $missing_programs; do
    about_server "$name"
    step "Installing $name" "$HINT_DEBIAN" install_from_debian "$name" "$minimum" "$packages"
  done
  forget_package_lists
}

# demand_missing_servers REASON: why they cannot be installed here.
demand_missing_servers() {
  local name minimum packages image named address demanded=""
  for name in $missing_programs; do
    about_server "$name"
    if [[ -n $address ]]; then
      echo "$name is not on this machine; tests that need only an address use $address."
    else
      demanded="$demanded $name"
    fi
  done
  [[ -n $demanded ]] || return 0
  # shellcheck disable=SC2086 # a list of names
  explain_missing_programs "$1" $demanded
  exit 1
}

provide_servers() {
  local reason
  provide_server nats-server
  provide_server valkey-server
  if can_use_docker; then use_containers; fi
  [[ -n $missing_programs ]] || return 0
  if reason=$(can_use_debian); then
    install_missing_servers
  else
    demand_missing_servers "$reason"
  fi
}
