# shellcheck shell=bash
# Boost, newer than Debian 12's, as headers below build/deps/boost. Sourced by scripts/set-up.

# The version that the tests run with, 1.92, is also the oldest that will do. A newer one is taken with a
# warning, where the archive has moved on. CMake warns as well: cmake/Dependencies.cmake.
boost_tested_minor=92
boost_suite=trixie-backports

# boost_minor INCLUDE_FOLDER: 92 where its header says 1.92; 0 where there is none.
boost_minor() {
  local number=0
  [[ -r $1/boost/version.hpp ]] &&
    number=$(sed -n 's/^#define BOOST_VERSION \([0-9]*\).*/\1/p' "$1/boost/version.hpp")
  printf '%s' $((number / 100 % 1000))
}

boost_is_there() {
  (($(boost_minor /usr/include) >= boost_tested_minor)) ||
    (($(boost_minor "$deps/boost/usr/include") >= boost_tested_minor))
}

# Reads names of packages, and prints which Boost to take of these: 92 for libboost1.92-dev, which is
# preferred; else the newest. Nothing where all are older.
choose_boost_minor() {
  sed -n 's/^libboost1\.\([0-9]*\)-dev$/\1/p' | sort -n |
    awk -v tested="$boost_tested_minor" '$1 >= tested && taken != tested { taken = $1 } END { print taken }'
}

unpack_boost() {
  local release uri work minor
  release=$(running_release)
  uri=$(archive_uri "$release")
  [[ -n $uri ]] || give_up "apt has no source for Debian '$release', so there is no mirror to ask for Boost"
  work=$deps/.unpacking-boost
  rm -rf "$work"
  say "fetching Boost from $boost_suite (headers only, into build/deps)"
  archive_begin "$work" "$uri $boost_suite"
  minor=$(archive_names "$work" libboost1. | choose_boost_minor)
  [[ -n $minor ]] || give_up "$boost_suite of $uri has no libboost1.$boost_tested_minor-dev, nor a newer one"
  ((minor == boost_tested_minor)) ||
    say "WARNING: $boost_suite has no Boost 1.$boost_tested_minor any more. Boost 1.$minor is taken, with which \
this project was not tested: run ./test before you rely on what is built"
  archive_unpack "$work" "$work/boost" "libboost1.$minor-dev"
  (($(boost_minor "$work/boost/usr/include") == minor)) ||
    give_up "libboost1.$minor-dev does not contain the headers of Boost 1.$minor"
  # Only now does it get the name that the next run looks for.
  rm -rf "$deps/boost"
  mv "$work/boost" "$deps/boost"
  rm -rf "$work"
}
