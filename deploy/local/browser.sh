# shellcheck shell=bash
# The browser that the tests run the client library in: a Chromium named by PARLEY_CHROMIUM or found on the search path
# (linked as .local/bin/chromium), else Debian's, unpacked into the checkout. Only `make test` asks for it.

# What a Chromium is called where somebody installed one.
CHROMIUM_NAMES="chromium chromium-headless-shell google-chrome google-chrome-stable chromium-browser"

# link_found_chromium: leaves .local/bin/chromium as a link to a program of this machine, or chromium_found empty.
link_found_chromium() {
  local name
  chromium_found=""
  for name in $CHROMIUM_NAMES; do
    chromium_found=$(find_program "$name" "$CHROMIUM_VERSION_MIN" "${PARLEY_CHROMIUM:-}")
    [[ -z $chromium_found ]] || break
  done
  # Somebody may name the very one that an earlier run has put there.
  [[ -z $chromium_found || $chromium_found -ef $BIN/chromium ]] || ln -sfn "$chromium_found" "$BIN/chromium"
}

# exec: the process id of the wrapper is the browser's. libpulse finds a library of its own nowhere but in the system's
# folder, so that one is named too.
link_chromium() {
  local libraries
  libraries=$(library_folder)
  # Removed first: a link that an earlier run made would be written through, into a program of the machine.
  rm -f "$BIN/chromium"
  cat >"$BIN/chromium" <<WRAPPER
#!/bin/sh
unpacked=\${0%/*}/../servers/chromium
libraries=\$unpacked/usr/lib/$libraries
LD_LIBRARY_PATH="\$libraries:\$unpacked/lib/$libraries:\$libraries/pulseaudio\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}" \\
  exec "\$unpacked/usr/lib/chromium/chromium-headless-shell" "\$@"
WRAPPER
  chmod +x "$BIN/chromium"
}

install_chromium() {
  local all
  all=$(with_dependencies "$CHROMIUM_PACKAGES" "$CHROMIUM_LEFT_OUT")
  unpack_packages chromium "$CHROMIUM_PACKAGES" "$all"
  link_chromium
  is_chromium_installed || {
    echo "Chromium was unpacked, but $CHROMIUM_VERSION_MIN or newer is needed and it says:"
    "$BIN/chromium" --version
    return 1
  }
}

is_chromium_installed() {
  is_installed_from_debian chromium "$CHROMIUM_VERSION_MIN" "$CHROMIUM_PACKAGES"
}

# Where it cannot be had the other tests run all the same: the ones that need it fail, and say so once more.
provide_browser() {
  local reason
  PATH=$(path_outside_checkout)
  link_found_chromium
  [[ -z $chromium_found ]] || return 0
  is_chromium_installed || take_turns
  # What an earlier run has installed stays; whoever had the turn before may have been that run.
  if is_chromium_installed; then
    link_chromium
    return
  fi
  if reason=$(can_use_debian); then
    step "Reading Debian's package lists" "$HINT_DEBIAN" read_package_lists "$CHROMIUM_SUITE"
    step "Installing Chromium for the tests (100 MB)" "$HINT_DEBIAN" install_chromium
    forget_package_lists
  else
    explain_missing_browser "$reason"
  fi
}
