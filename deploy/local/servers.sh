# shellcheck shell=bash
# nats-server and valkey-server in .local/bin: a program named by the environment or found on the search path, else
# Debian's packages, unpacked into the checkout.
#
# An address in the environment (NATS_URL, VALKEY_ADDR) is used by the integration tests instead of a server of their
# own. The demo, `make up` and the system tests start and kill whole sites and need the programs all the same, so an
# address only means that a missing program is no reason to stop. MongoDB has no Debian package and is never
# installed: MONGO_URL, then PARLEY_MONGOD or mongod on the search path, then the local stack's embedded server.

missing_programs=""

# about_server NAME: sets minimum, packages, and from the environment named (a program) and address.
about_server() {
  case $1 in
    nats-server)
      minimum=$NATS_SERVER_VERSION_MIN packages=$NATS_SERVER_PACKAGES
      named=${PARLEY_NATS_SERVER:-} address=${NATS_URL:-}
      ;;
    valkey-server)
      minimum=$VALKEY_SERVER_VERSION_MIN packages=$VALKEY_SERVER_PACKAGES
      named=${PARLEY_VALKEY_SERVER:-} address=${VALKEY_ADDR:-}
      ;;
  esac
}

# provide_server NAME: leaves .local/bin/NAME, or adds NAME to missing_programs.
provide_server() {
  local name=$1 minimum packages named address found
  about_server "$name"
  found=$(find_program "$name" "$minimum" "$named")
  if [[ -n $found ]]; then
    ln -sfn "$found" "$BIN/$name"
    return
  fi
  # What an earlier, interrupted run has finished stays.
  is_installed_from_debian "$name" "$minimum" "$packages" || missing_programs="$missing_programs $name"
}

install_missing_servers() {
  local name minimum packages named address
  step "Reading Debian's package lists" "$HINT_DEBIAN" read_package_lists
  for name in $missing_programs; do
    about_server "$name"
    step "Installing $name" "$HINT_DEBIAN" install_from_debian "$name" "$minimum" "$packages"
  done
  forget_package_lists
}

# demand_missing_servers REASON: why they cannot be installed here.
demand_missing_servers() {
  local name minimum packages named address demanded=""
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
  [[ -n $missing_programs ]] || return 0
  if reason=$(can_use_debian); then
    install_missing_servers
  else
    demand_missing_servers "$reason"
  fi
}
