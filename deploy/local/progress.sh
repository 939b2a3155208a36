# shellcheck shell=bash
# One line per step for the person watching, the tools' own output in the log.

LOG="$ROOT/.local/bootstrap.log"

# run_step TITLE COMMAND...: runs the command, its output in $LOG; prints "TITLE …  done (N s)" or, with the end of its
# output, "TITLE …  failed (N s)". Sets step_status to the command's status.
run_step() {
  local title=$1 started=$SECONDS
  shift
  printf '%s … ' "$title"
  # errexit is ignored inside conditions, so the status is read instead of testing the command.
  set +o errexit
  (
    set -o errexit
    "$@"
  ) >"$LOG" 2>&1
  step_status=$?
  set -o errexit
  if [[ $step_status -eq 0 ]]; then
    printf ' done (%s s)\n' "$((SECONDS - started))"
    return
  fi
  printf ' failed (%s s)\nThe tool said:\n' "$((SECONDS - started))"
  tail -n 12 "$LOG" | sed 's/^/  | /'
} >&2

# step TITLE HINT COMMAND...: as run_step, for what cannot be done without: when the command fails, prints HINT (what to
# do next) and exits 1.
step() {
  local title=$1 hint=$2
  shift 2
  run_step "$title" "$@"
  [[ $step_status -ne 0 ]] || return 0
  printf '\nWhat was being done: %s.\nNext: %s\nThe whole output is in %s\n' "$title" "$hint" "${LOG#"$ROOT"/}"
  exit 1
} >&2
