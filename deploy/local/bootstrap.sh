#!/usr/bin/env bash
# Makes a fresh clone ready: Node, pnpm, the locked dependencies, nats-server and valkey-server, all inside the
# checkout (.local/, node_modules/), without root; where Docker serves, the servers' images instead of the servers. Prints one line per step; when everything is there already it
# prints nothing, needs no network and takes a fraction of a second. After a failure, run it again: what is done stays.
# `bootstrap.sh browser` sees to a browser as well, which only the tests need.
#
# Needs: bash, git's checkout, Node with npm (any supported version), and Docker or Debian's apt. Elsewhere it says what
# to install.
# Environment: PARLEY_DEBIAN_MIRROR (another Debian archive); servers.sh lists how to bring your own servers.
# Kept to bash 3.2, which is what macOS has: there it must at least explain itself.

set -o errexit -o nounset -o pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
BIN="$ROOT/.local/bin"
STAMP="$ROOT/.local/bootstrap.stamp"

# shellcheck source=deploy/local/versions.env
source "$ROOT/deploy/local/versions.env"
# shellcheck source=deploy/local/progress.sh
source "$ROOT/deploy/local/progress.sh"
# shellcheck source=deploy/local/found-programs.sh
source "$ROOT/deploy/local/found-programs.sh"
# shellcheck source=deploy/local/instructions.sh
source "$ROOT/deploy/local/instructions.sh"
# shellcheck source=deploy/local/node.sh
source "$ROOT/deploy/local/node.sh"
# shellcheck source=deploy/local/docker.sh
source "$ROOT/deploy/local/docker.sh"
# shellcheck source=deploy/local/debian.sh
source "$ROOT/deploy/local/debian.sh"
# shellcheck source=deploy/local/servers.sh
source "$ROOT/deploy/local/servers.sh"
# shellcheck source=deploy/local/browser.sh
source "$ROOT/deploy/local/browser.sh"

# Everything that decides what gets installed: another key means another run.
stamp_key() {
  {
    cat "$ROOT/deploy/local/"*.sh "$ROOT/deploy/local/versions.env" "$ROOT/pnpm-lock.yaml"
    printf '%s\n' "$(uname -sm)" "${NATS_URL:+address}" "${VALKEY_ADDR:+address}" \
      "${PARLEY_NATS_SERVER:-}" "${PARLEY_VALKEY_SERVER:-}" "${PARLEY_MONGOD:-}"
  } | checksum
}

checksum() {
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi
}

# is_ready KEY: the stamp holds the key, the images of the containers that stand in for programs (none without Docker),
# and the names in .local/bin. A program or an image that went away since, an engine that does not answer, or a removed
# node_modules, is not ready, whatever the key says.
is_ready() {
  local key images name names=0
  [[ -f $STAMP && -d $ROOT/node_modules/.pnpm ]] || return 1
  {
    read -r key && [[ $key == "$1" ]] || return 1
    read -r images || return 1
    while read -r name; do
      [[ -x $BIN/$name ]] || return 1
      names=$((names + 1))
    done
  } <"$STAMP"
  ((names > 0)) || return 1
  # shellcheck disable=SC2086 # a list of images
  [[ -z $images ]] || has_images $images
}

# Written beside its place and moved, so that a stamp is either whole or absent.
write_stamp() {
  printf '%s\n%s\n' "$1" "$container_images" >"$STAMP.new"
  ls "$BIN" >>"$STAMP.new"
  mv "$STAMP.new" "$STAMP"
}

# Two bootstraps of one checkout take turns; the second then finds everything done.
take_turns() {
  command -v flock >/dev/null || return 0
  exec 9>"$ROOT/.local/bootstrap.lock"
  flock --nonblock 9 || {
    echo "Another bootstrap of this checkout is running; waiting for it."
    flock 9
  }
}

provide_everything() {
  local key
  key=$(stamp_key)
  if is_ready "$key"; then return; fi
  PATH=$(path_outside_checkout)
  mkdir -p "$BIN"
  take_turns
  if is_ready "$key"; then return; fi
  rm -f "$STAMP"
  require_npm
  provide_node
  provide_pnpm
  provide_servers
  provide_workspace
  write_stamp "$key"
}

provide_everything
if [[ ${1:-} == browser ]]; then provide_browser; fi
