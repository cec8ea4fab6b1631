// What src/boost/redis.cpp compiles, and of Boost.Asio only what that needs.

#include <boost/asio/impl/error.ipp>

#include "boost/redis.cpp"
