# shellcheck shell=bash
# Programs from Debian's archive without root: apt downloads and verifies into .local/apt, dpkg-deb unpacks into
# .local/servers. The machine's own packages, lists and caches are neither read nor changed.

apt_root="$ROOT/.local/apt"
servers_root="$ROOT/.local/servers"
debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg
debian_mirror=${PARLEY_DEBIAN_MIRROR:-http://deb.debian.org/debian}
HINT_DEBIAN="check the network and apt's proxy setting, or name another archive in PARLEY_DEBIAN_MIRROR, then run the same command again."

# can_use_debian: whether this machine can verify and unpack Debian packages; prints the reason when it cannot.
can_use_debian() {
  local program glibc
  for program in apt-get dpkg dpkg-deb; do
    command -v "$program" >/dev/null || {
      echo "$program was not found, so Debian's packages cannot be used here"
      return 1
    }
  done
  [[ -r $debian_keyring ]] || {
    echo "$debian_keyring is missing (package debian-archive-keyring), so Debian's packages cannot be verified"
    return 1
  }
  glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | grep --only-matching --extended-regexp '[0-9.]+' || true)
  if [[ -z $glibc ]] || ! is_at_least "$glibc" "$GLIBC_VERSION_MIN"; then
    echo "the C library is ${glibc:+glibc }${glibc:-not glibc}; Debian's servers need glibc $GLIBC_VERSION_MIN or newer (Debian 12, Ubuntu 22.04)"
    return 1
  fi
}

# apt still reads the machine's /etc/apt/apt.conf.d first, so its proxy and certificates apply. This file comes after:
# other directories, never an unverified package, and none of the machine's hooks, which would touch its own caches.
# write_apt_configuration SUITE...
write_apt_configuration() {
  local suite
  mkdir -p "$apt_root"/{etc/apt.conf.d,etc/preferences.d,etc/sources.list.d,state/lists/partial,cache/archives/partial}
  : >"$apt_root/state/status"
  for suite in "$@"; do
    echo "deb [signed-by=$debian_keyring] $debian_mirror $suite main"
  done >"$apt_root/etc/sources.list"
  cat >"$apt_root/apt.conf" <<CONFIGURATION
Dir "$apt_root";
Dir::Etc "$apt_root/etc";
Dir::State "$apt_root/state";
Dir::State::status "$apt_root/state/status";
Dir::Cache "$apt_root/cache";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
APT::Get::AllowUnauthenticated "false";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
CONFIGURATION
}

# read_package_lists SUITE...: what these suites hold, and no others.
# Error-Mode=any: an index that cannot be fetched is a failure, not a warning followed by "no such package".
read_package_lists() {
  write_apt_configuration "$@"
  apt-get --config-file="$apt_root/apt.conf" --quiet -o APT::Update::Error-Mode=any update
}

# Package lists are large and age within hours; the next installation reads them anew.
forget_package_lists() {
  rm -rf "$apt_root"
}

# with_dependencies PACKAGES LEFT_OUT: a line for each of the packages and of everything they depend on, but for what is
# left out. No package counts as installed, so the machine's own ones make no difference.
with_dependencies() {
  local packages=$1 left_out=$2
  # shellcheck disable=SC2086 # two lists of packages
  apt-get --config-file="$apt_root/apt.conf" --quiet --simulate --no-install-recommends install $packages |
    awk '/^Inst / { print $2 }' |
    grep --invert-match --line-regexp --fixed-strings --file=<(printf '%s\n' $left_out)
}

# unpack_packages NAME PACKAGES [DOWNLOADED]: into .local/servers/NAME, which exists only when complete and remembers
# PACKAGES. DOWNLOADED are all that belong to them, when those are more.
unpack_packages() {
  local name=$1 packages=$2 downloaded=${3:-$2} download package
  download="$apt_root/download-$name"
  rm -rf "$download" "${servers_root:?}/$name"
  mkdir -p "$download" "$servers_root"
  # apt-get puts what it downloads where it is called.
  # shellcheck disable=SC2086 # a list of packages
  (cd "$download" && apt-get --config-file="$apt_root/apt.conf" --quiet download $downloaded)
  for package in "$download"/*.deb; do
    dpkg-deb --extract "$package" "$download/unpacked"
  done
  printf '%s' "$packages" >"$download/unpacked/packages"
  mv "$download/unpacked" "$servers_root/$name"
  rm -rf "$download"
}

# Where Debian keeps the shared libraries of this machine's architecture.
library_folder() {
  case $(dpkg --print-architecture) in
    amd64) echo x86_64-linux-gnu ;;
    arm64) echo aarch64-linux-gnu ;;
    *)
      echo "Debian's packages are used on amd64 and arm64 only; this is $(dpkg --print-architecture)." >&2
      return 1
      ;;
  esac
}

link_nats_server() {
  ln -sfn ../servers/nats-server/usr/sbin/nats-server "$BIN/nats-server"
}

# exec: the process id of the wrapper is the server's, so a signal reaches it.
link_valkey_server() {
  local libraries
  libraries=$(library_folder)
  # Removed first: a link that an earlier run made would be written through, into a program of the machine.
  rm -f "$BIN/valkey-server"
  cat >"$BIN/valkey-server" <<WRAPPER
#!/bin/sh
unpacked=\${0%/*}/../servers/valkey-server/usr
LD_LIBRARY_PATH="\$unpacked/lib/$libraries\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}" exec "\$unpacked/bin/valkey-server" "\$@"
WRAPPER
  chmod +x "$BIN/valkey-server"
}

# is_installed_from_debian NAME MINIMUM PACKAGES: whether exactly these packages are unpacked and the program runs.
is_installed_from_debian() {
  local name=$1 minimum=$2 packages=$3 unpacked="$servers_root/$1/packages" version
  [[ -f $unpacked && $(<"$unpacked") == "$packages" ]] || return 1
  version=$(version_of "$BIN/$name")
  [[ -n $version ]] && is_at_least "$version" "$minimum"
}

# install_from_debian NAME MINIMUM PACKAGES: one server, checked by running it.
install_from_debian() {
  local name=$1 minimum=$2 packages=$3
  unpack_packages "$name" "$packages"
  "link_${name//-/_}"
  is_installed_from_debian "$name" "$minimum" "$packages" || {
    echo "$name was unpacked, but $minimum or newer is needed and it says:"
    "$BIN/$name" --version
    echo "(If a shared library is missing: valkey-server takes libssl3 and libsystemd0 from the machine's own packages.)"
    return 1
  }
}
