# shellcheck shell=bash
# Servers in containers, where Docker's engine answers: the image is fetched here, the local stack runs it.

DOCKER_TIMEOUT_S=2
PULL_TIMEOUT_S=900

# can_use_docker: whether an engine answers whose containers can share this machine's network, files and users.
# libs/local-stack/src/docker.ts decides the same when it starts a server, and says why. Not having one is no error.
can_use_docker() {
  local answer
  [[ $(uname -s) == Linux ]] || return 1
  command -v docker >/dev/null || return 1
  answer=$(timeout "$DOCKER_TIMEOUT_S" docker info --format '{{.Name}} {{.SecurityOptions}}' 2>/dev/null) || return 1
  [[ $answer == "$(uname -n) "* && $answer != *name=rootless* && $answer != *name=userns* ]]
}

# has_images IMAGE...: whether the engine answers and has all of them.
has_images() {
  timeout "$DOCKER_TIMEOUT_S" docker image inspect --format '{{.Id}}' "$@" >/dev/null 2>&1
}

# provide_image NAME IMAGE: leaves the image with the engine and sets step_status, which is 0 when it is there.
provide_image() {
  local name=$1 image=$2
  if has_images "$image"; then
    step_status=0
    printf '%s: container %s\n' "$name" "$image" >&2
  else
    run_step "$name: fetching image $image" timeout "$PULL_TIMEOUT_S" docker pull "$image"
  fi
}
