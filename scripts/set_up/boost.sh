# shellcheck shell=bash
# Boost, newer than Debian 12's, as headers below build/deps/boost. Sourced by scripts/set-up.

boost_minimum=109200
boost_suite=trixie-backports

# boost_number INCLUDE_FOLDER: Boost's version as its header writes it, e.g. 109200; 0 where there is none.
boost_number() {
  local number=0
  [[ -r $1/boost/version.hpp ]] &&
    number=$(sed -n 's/^#define BOOST_VERSION \([0-9]*\).*/\1/p' "$1/boost/version.hpp")
  printf '%s' "$number"
}

boost_is_there() {
  (($(boost_number /usr/include) >= boost_minimum)) ||
    (($(boost_number "$deps/boost/usr/include") >= boost_minimum))
}

unpack_boost() {
  local release uri work package
  release=$(running_release)
  uri=$(archive_uri "$release")
  [[ -n $uri ]] || give_up "apt has no source for Debian '$release', so there is no mirror to ask for Boost"
  work=$deps/.unpacking-boost
  rm -rf "$work"
  say "fetching Boost from $boost_suite (headers only, into build/deps)"
  archive_begin "$work" "$uri $boost_suite"
  package=$(archive_names "$work" libboost1. | grep -E '^libboost1\.[0-9]+-dev$' | sort -V | tail -n 1) ||
    true
  [[ -n $package ]] || give_up "$boost_suite of $uri has no libboost1.N-dev"
  archive_unpack "$work" "$work/boost" "$package"
  (($(boost_number "$work/boost/usr/include") >= boost_minimum)) ||
    give_up "$package is the newest Boost in $boost_suite, and 1.92 is needed"
  # Only now does it get the name that the next run looks for.
  rm -rf "$deps/boost"
  mv "$work/boost" "$deps/boost"
  rm -rf "$work"
}
