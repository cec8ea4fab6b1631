# Everything that the library needs and does not contain. scripts/set-up brings all of it.

# Debian 12 has Boost 1.81; the set-up unpacks a newer one below build/deps. A system Boost that is
# new enough comes first. Only headers are used, so no Boost package configuration is needed.
set(EXCLUSIVE_LOCK_BOOST_MINIMUM 109200)
set(EXCLUSIVE_LOCK_BOOST_PREFIX "${PROJECT_SOURCE_DIR}/build/deps/boost/usr" CACHE PATH
    "Where Boost's headers are when the system's are too old")

function(exclusive_lock_boost_number include_dir out)
  set(number 0)
  if(EXISTS "${include_dir}/boost/version.hpp")
    file(STRINGS "${include_dir}/boost/version.hpp" line REGEX "^#define BOOST_VERSION [0-9]+")
    string(REGEX MATCH "[0-9]+" number "${line}")
  endif()
  set(${out} "${number}" PARENT_SCOPE)
endfunction()

exclusive_lock_boost_number("/usr/include" system_boost)
exclusive_lock_boost_number("${EXCLUSIVE_LOCK_BOOST_PREFIX}/include" prefix_boost)
add_library(exclusive_lock_boost INTERFACE)
if(system_boost GREATER_EQUAL EXCLUSIVE_LOCK_BOOST_MINIMUM)
  message(STATUS "Boost ${system_boost} of the system")
  set(exclusive_lock_boost_headers "/usr/include")
elseif(prefix_boost GREATER_EQUAL EXCLUSIVE_LOCK_BOOST_MINIMUM)
  message(STATUS "Boost ${prefix_boost} in ${EXCLUSIVE_LOCK_BOOST_PREFIX}")
  set(exclusive_lock_boost_headers "${EXCLUSIVE_LOCK_BOOST_PREFIX}/include")
  target_include_directories(exclusive_lock_boost SYSTEM INTERFACE
    "${exclusive_lock_boost_headers}")
else()
  message(FATAL_ERROR
    "Boost 1.92 or newer is needed: found ${system_boost} in /usr/include and ${prefix_boost} in "
    "${EXCLUSIVE_LOCK_BOOST_PREFIX}. Run scripts/set-up, or set EXCLUSIVE_LOCK_BOOST_PREFIX.")
endif()
target_compile_definitions(exclusive_lock_boost INTERFACE
  BOOST_ALL_NO_LIB
  BOOST_ASIO_NO_DEPRECATED
  # Asio is compiled in src/boost/asio.cpp. Measured with g++ 12: that file costs 2.3 s, every other
  # one that includes Asio takes 0.6 to 0.9 s less.
  BOOST_ASIO_SEPARATE_COMPILATION)

find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
