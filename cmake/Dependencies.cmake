# Everything that the library needs and does not contain. scripts/set-up brings all of it.

# Debian 12 has Boost 1.81; the set-up unpacks a newer one below build/deps. The version that was tested
# is preferred, then the system's. Only headers are used, so no Boost package configuration is needed.
set(exclusive_lock_boost_tested 1.92)
set(EXCLUSIVE_LOCK_BOOST_PREFIX "${PROJECT_SOURCE_DIR}/build/deps/boost/usr" CACHE PATH
    "Where Boost's headers are when the system's are too old")

# 1.92.0 where the header says 109200; 0 where there is none.
function(exclusive_lock_boost_version include_dir out)
  set(version 0)
  if(EXISTS "${include_dir}/boost/version.hpp")
    file(STRINGS "${include_dir}/boost/version.hpp" line REGEX "^#define BOOST_VERSION [0-9]+")
    string(REGEX MATCH "[0-9]+" number "${line}")
    math(EXPR major "${number} / 100000")
    math(EXPR minor "${number} / 100 % 1000")
    math(EXPR patch "${number} % 100")
    set(version "${major}.${minor}.${patch}")
  endif()
  set(${out} "${version}" PARENT_SCOPE)
endfunction()

set(found "")
foreach(folder IN ITEMS "/usr/include" "${EXCLUSIVE_LOCK_BOOST_PREFIX}/include")
  exclusive_lock_boost_version("${folder}" version)
  string(APPEND found " ${version} in ${folder};")
  if(version VERSION_EQUAL exclusive_lock_boost_tested OR
     (version VERSION_GREATER exclusive_lock_boost_tested AND NOT exclusive_lock_boost_headers))
    set(exclusive_lock_boost_headers "${folder}")
    set(exclusive_lock_boost_version "${version}")
  endif()
  if(version VERSION_EQUAL exclusive_lock_boost_tested)
    break()
  endif()
endforeach()
if(NOT exclusive_lock_boost_headers)
  message(FATAL_ERROR
    "Boost ${exclusive_lock_boost_tested} or newer is needed; found:${found} "
    "run scripts/set-up, or set EXCLUSIVE_LOCK_BOOST_PREFIX.")
elseif(NOT exclusive_lock_boost_version VERSION_EQUAL exclusive_lock_boost_tested)
  message(WARNING
    "Boost ${exclusive_lock_boost_version} in ${exclusive_lock_boost_headers} is newer than "
    "${exclusive_lock_boost_tested}, with which this project was tested: run its tests with it.")
endif()
message(STATUS "Boost ${exclusive_lock_boost_version} in ${exclusive_lock_boost_headers}")

add_library(exclusive_lock_boost INTERFACE)
if(NOT exclusive_lock_boost_headers STREQUAL "/usr/include")
  target_include_directories(exclusive_lock_boost SYSTEM INTERFACE "${exclusive_lock_boost_headers}")
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
# Of the command, the simulation, the benchmark and the fuzz targets.
if(EXCLUSIVE_LOCK_BUILD_COMMAND OR EXCLUSIVE_LOCK_BUILD_TESTS OR EXCLUSIVE_LOCK_BUILD_BENCH OR
   EXCLUSIVE_LOCK_BUILD_FUZZERS)
  find_package(CLI11 REQUIRED)
endif()
