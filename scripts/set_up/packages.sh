# shellcheck shell=bash
# The packages of the running release, and how they are installed. Sourced by scripts/set-up.

# shellcheck disable=SC2034  # used by the script that sources this
build_packages=(
  cmake g++ ninja-build pkg-config
  libcli11-dev libfmt-dev libspdlog-dev libsqlite3-dev libssl-dev
)
# openssl makes the certificates of the TLS tests; procps shows them processes; libhiredis is the floor of
# the benchmark, which has to build.
# shellcheck disable=SC2034
test_packages=(
  libgmock-dev libgtest-dev libhiredis-dev librapidcheck-dev openssl procps python3 spin
)
# util-linux has flock, the floor of the embedded store; strace counts for bench/syscalls.
# shellcheck disable=SC2034
bench_packages=(libhiredis-dev python3 strace util-linux)
# clang: the second compiler, and the one for fuzz targets; libclang-rt: what it links for them.
# shellcheck disable=SC2034
check_packages=(clang clang-format clang-tidy libclang-rt-14-dev shellcheck)
# shellcheck disable=SC2034
coverage_packages=(gcovr)
# Node and npm as well, where there is none; the rest is only unpacked: peers.sh.
# shellcheck disable=SC2034
peers_packages=(python3 util-linux)
# Reads C++ for tests/mutation/cpp_mutants.py.
# shellcheck disable=SC2034
mutants_packages=(python3-clang-14)

# Prints those of the given packages that are not installed.
missing_packages() {
  local installed package
  # dpkg-query fails when one of them is unknown to dpkg; what it prints is right all the same.
  installed=$(dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null) ||
    true
  for package in "$@"; do
    grep -qxF "installed $package" <<<"$installed" || printf '%s\n' "$package"
  done
}

install_missing_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]} == 0)) && return
  say "installing ${missing[*]}"
  local -a as_root=(env)
  if ((EUID != 0)); then
    command -v sudo >/dev/null || give_up "not root, and there is no sudo. As root: \
apt-get install ${missing[*]}"
    # Without a terminal nobody can type a password, and a question would hang for ever.
    [[ -t 0 ]] || sudo -n true 2>/dev/null ||
      give_up "sudo wants a password, and there is no terminal to ask for it. As root: \
apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  local -a apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive
    apt-get -q -y -o DPkg::Lock::Timeout=300)
  "${apt[@]}" update </dev/null >&2 || give_up "apt-get update failed, see above"
  "${apt[@]}" install --no-install-recommends "${missing[@]}" </dev/null >&2 ||
    give_up "apt-get install failed, see above"
}
