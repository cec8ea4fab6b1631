# The parser of Boost.Redis 1.92 believes what a server announces. A size without digits ("$", and the
# line is over) throws in a function that is noexcept, which ends the process; a streamed string ("$?" at
# the fifth level, ";0" at the first) writes beside the array of sizes; a size near 2^64 overflows, and
# what is read then depends on how the bytes came. Nothing can be put before the parser, so one condition
# is put into it: src/boost/sound_size.hpp. The mended text stands before Boost's own in the include path
# of whoever compiles it. ReplyAdapter.SizesThatAreNoneAreErrors shows that it is there.
option(EXCLUSIVE_LOCK_BOOST_REDIS_IS_SOUND
  "Take a Boost.Redis that cannot be mended here: ReplyAdapter.SizesThatAreNoneAreErrors passes without" OFF)
set(boost_redis_parser "boost/redis/resp3/impl/parser.ipp")
set(mended_boost_folder "${PROJECT_BINARY_DIR}/generated/mended")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  "${exclusive_lock_boost_headers}/${boost_redis_parser}")

set(opening "BOOST_ASSERT(!bulk_expected());\n")
file(READ "${exclusive_lock_boost_headers}/${boost_redis_parser}" parser)
string(FIND "${parser}" "${opening}" first)
string(FIND "${parser}" "${opening}" last REVERSE)
if(first EQUAL -1 OR NOT first EQUAL last)
  if(NOT EXCLUSIVE_LOCK_BOOST_REDIS_IS_SOUND)
    message(FATAL_ERROR
      "The parser of this Boost.Redis is not the one of 1.92, so the condition that it lacks cannot be put "
      "into it, and a server could end every process that is connected to it: see cmake/MendBoostRedis.cmake. "
      "Where Boost has mended it, set EXCLUSIVE_LOCK_BOOST_REDIS_IS_SOUND and run "
      "./test SizesThatAreNoneAreErrors, which tells whether that is so.")
  endif()
  message(STATUS "Boost.Redis is taken for sound: nothing is put into its parser")
  file(REMOVE_RECURSE "${mended_boost_folder}")
  return()
endif()
string(REPLACE "${opening}" "${opening}
   if (!exclusive_lock::is_sound_size(t, elem)) {
      ec = error::not_a_number;
      return {};
   }
" parser "${parser}")
file(WRITE "${mended_boost_folder}/parser.new" "#include \"boost/sound_size.hpp\"\n${parser}")
configure_file("${mended_boost_folder}/parser.new" "${mended_boost_folder}/${boost_redis_parser}" COPYONLY)
