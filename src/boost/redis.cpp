// Boost.Redis is compiled here, once; everybody else includes its headers only.
#include <boost/redis/src.hpp>
