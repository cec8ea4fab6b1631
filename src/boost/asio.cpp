// Boost.Asio is compiled here, once; everybody else includes its headers only
// (BOOST_ASIO_SEPARATE_COMPILATION, set in cmake/Dependencies.cmake).
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
