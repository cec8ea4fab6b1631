// What is used of Boost.Redis, compiled once: how commands are written and replies parsed.
// Everybody else includes its headers only.
#include <boost/redis/impl/error.ipp>
#include <boost/redis/impl/ignore.ipp>
#include <boost/redis/impl/request.ipp>
#include <boost/redis/resp3/impl/parser.ipp>
#include <boost/redis/resp3/impl/serialization.ipp>
#include <boost/redis/resp3/impl/type.ipp>
