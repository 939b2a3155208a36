# shellcheck shell=bash
# What to tell somebody whose machine lacks a program that cannot be installed for them.

# how_to_install NAME: one line of suggestions.
how_to_install() {
  case $1 in
    node) echo "brew install node@24, or apt install nodejs npm, or an installer from nodejs.org" ;;
    nats-server) echo "brew install nats-server, or a release of github.com/nats-io/nats-server" ;;
    valkey-server) echo "brew install valkey, or your distribution's package (valkey, valkey-server)" ;;
    chromium) echo "brew install --cask chromium, or your distribution's package (chromium)" ;;
  esac
}

require_npm() {
  local program
  for program in node npm; do
    command -v "$program" >/dev/null || {
      printf '%s was not found on the search path.\n' "$program"
      printf '  Node with npm, version 18 or newer (Node %s is then installed beside it when it is older)\n' "$NODE_VERSION"
      printf '    install it:        %s\n' "$(how_to_install node)"
      printf '\nThen run the same command again.\n'
      exit 1
    }
  done
} >&2

# explain_missing_programs REASON NAME...: why they cannot be installed here, and what to do about each.
explain_missing_programs() {
  local reason=$1 name minimum packages image named address
  shift
  printf 'Programs are missing, and cannot be installed for you here: %s.\n' "$reason"
  for name in "$@"; do
    about_server "$name"
    printf '\n  %s, version %s or newer\n' "$name" "$minimum"
    printf '    install it:        %s\n' "$(how_to_install "$name")"
    printf '    or name a program: PARLEY_%s=/path/to/%s\n' "$(tr 'a-z-' 'A-Z_' <<<"$name")" "$name"
  done
  [[ $(uname -s) != Linux ]] || printf '\n  Or start Docker: the servers then run in containers.\n'
  printf '\nThen run the same command again.\n'
} >&2

# explain_missing_browser REASON: nothing stops for want of it, but the tests in it will fail.
explain_missing_browser() {
  printf 'The tests in a browser will fail: Chromium %s or newer was not found, and cannot be installed for you here: %s.\n' \
    "$CHROMIUM_VERSION_MIN" "$1"
  printf '    install it:        %s\n' "$(how_to_install chromium)"
  printf '    or name a program: PARLEY_CHROMIUM=/path/to/chromium (Google Chrome does as well)\n'
} >&2
