# shellcheck shell=bash
# One line per step for the person watching, the tools' own output in the log.

LOG="$ROOT/.local/bootstrap.log"

# step TITLE HINT COMMAND...: runs the command, its output in $LOG; prints "TITLE …  done (N s)".
# When the command fails: prints what failed, the end of its output and HINT (what to do next), and exits 1.
step() {
  local title=$1 hint=$2 started=$SECONDS status
  shift 2
  printf '%s … ' "$title"
  # errexit is ignored inside conditions, so the status is read instead of testing the command.
  set +o errexit
  (
    set -o errexit
    "$@"
  ) >"$LOG" 2>&1
  status=$?
  set -o errexit
  if [[ $status -eq 0 ]]; then
    printf ' done (%s s)\n' "$((SECONDS - started))"
    return
  fi
  printf ' failed (%s s)\n\n' "$((SECONDS - started))"
  printf 'What was being done: %s.\nThe tool said:\n' "$title"
  tail -n 12 "$LOG" | sed 's/^/  | /'
  printf 'Next: %s\nThe whole output is in %s\n' "$hint" "${LOG#"$ROOT"/}"
  exit 1
} >&2
