# shellcheck shell=bash
# Finding programs that this machine already has, in the versions we need.

# The search path without what a bootstrap put into this checkout, else a second run would find its own results.
path_outside_checkout() {
  local entry kept=""
  local IFS=:
  for entry in $PATH; do
    case $entry in
      "$ROOT"/*) ;;
      *) kept=${kept:+$kept:}$entry ;;
    esac
  done
  printf '%s' "$kept"
}

# version_of PROGRAM: the first dotted number it prints about itself ("nats-server: v2.15.1" → 2.15.1), or nothing.
# The first one, because valkey-server goes on with the version of its memory allocator.
version_of() {
  local text
  text=$("$1" --version 2>/dev/null) || return 0
  if [[ $text =~ [0-9]+(\.[0-9]+)+ ]]; then printf '%s' "${BASH_REMATCH[0]}"; fi
}

# is_at_least VERSION MINIMUM: compares the first three numbers.
is_at_least() {
  local have need position
  IFS=. read -r -a have <<<"$1"
  IFS=. read -r -a need <<<"$2"
  for position in 0 1 2; do
    if ((10#${have[position]:-0} != 10#${need[position]:-0})); then
      ((10#${have[position]:-0} > 10#${need[position]:-0}))
      return
    fi
  done
}

# find_program NAME MINIMUM NAMED: prints the path of a program that is new enough, or nothing.
# NAMED (a path from the environment, may be empty) comes before the search path; one that does not fit is an
# error, because whoever names a program means that one.
find_program() {
  local name=$1 minimum=$2 named=$3 found version
  found=${named:-$(command -v "$name" || true)}
  [[ -n $found ]] || return 0
  [[ $found == /* ]] || found=$PWD/$found
  version=$(version_of "$found")
  if [[ -n $version ]] && is_at_least "$version" "$minimum"; then
    printf '%s' "$found"
  elif [[ -n $named ]]; then
    printf '%s was named for %s, but its version is %s and %s or newer is needed.\n' \
      "$named" "$name" "${version:-unknown}" "$minimum" >&2
    return 1
  fi
}
