// Of Boost.Redis what reads replies, without what needs sockets and takes long to compile. The
// parser is found in the form that src/boost/redis.cpp compiles (cmake/MendBoostRedis.cmake).

#include <boost/asio/impl/error.ipp>
#include <boost/redis/impl/error.ipp>
#include <boost/redis/impl/ignore.ipp>
#include <boost/redis/impl/multiplexer.ipp>
#include <boost/redis/impl/read_buffer.ipp>
#include <boost/redis/impl/request.ipp>
#include <boost/redis/resp3/impl/parser.ipp>
#include <boost/redis/resp3/impl/serialization.ipp>
#include <boost/redis/resp3/impl/type.ipp>
