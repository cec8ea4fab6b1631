// Boost.Redis is compiled here, once; everybody else includes its headers only. One of them is
// found in a mended form: cmake/MendBoostRedis.cmake.
#include <boost/redis/src.hpp>
