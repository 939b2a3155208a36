# shellcheck shell=bash
# Node, pnpm and the workspace's dependencies. Everything lands in the checkout.

npm_tools="$ROOT/.local/tools"
HINT_NPM="check the network and npm's registry setting (npm ping), then run the same command again."

# install_from_npm PACKAGE@VERSION: into .local/tools, beside what is there.
install_from_npm() {
  mkdir -p "$npm_tools"
  [[ -f $npm_tools/package.json ]] || echo '{ "private": true }' >"$npm_tools/package.json"
  npm install --prefix "$npm_tools" --save-exact --no-audit --no-fund --loglevel=error "$1"
}

install_node() {
  install_from_npm "node@$NODE_VERSION"
  [[ $(version_of "$npm_tools/node_modules/node/bin/node") == "$NODE_VERSION" ]] || {
    echo "npm finished, but node $NODE_VERSION does not run. The package fetches it in an install script:"
    echo "is ignore-scripts set in npm's configuration?"
    return 1
  }
}

provide_node() {
  local found
  found=$(find_program node "$NODE_VERSION_MIN" "")
  if [[ -z $found ]]; then
    found=$npm_tools/node_modules/node/bin/node
    [[ $(version_of "$found") == "$NODE_VERSION" ]] ||
      step "Installing Node $NODE_VERSION" "$HINT_NPM" install_node
    found=../tools/node_modules/node/bin/node
  fi
  ln -sfn "$found" "$BIN/node"
}

provide_pnpm() {
  [[ $(version_of "$npm_tools/node_modules/.bin/pnpm") == "$PNPM_VERSION" ]] ||
    step "Installing pnpm $PNPM_VERSION" "$HINT_NPM" install_from_npm "pnpm@$PNPM_VERSION"
  ln -sfn ../tools/node_modules/.bin/pnpm "$BIN/pnpm"
}

# CI=true: no questions, whatever is attached to standard input.
install_workspace() {
  CI=true PATH="$BIN:$PATH" "$BIN/pnpm" --dir "$ROOT" install --frozen-lockfile
}

provide_workspace() {
  step "Installing the workspace's dependencies" "$HINT_NPM" install_workspace
}
