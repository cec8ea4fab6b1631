#include "stores/redis/connection_end.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/redis/error.hpp>

#include "exclusive_lock/printable.hpp"
#include "stores/redis/redis_tls.hpp"

namespace exclusive_lock::redis {

namespace asio = boost::asio;

ConnectionEnd end_by(const boost::system::error_code& error) {
  if (error == asio::error::eof || error == asio::ssl::error::stream_truncated) {
    return {.reason = "the server closed the connection", .was_hung_up = true};
  }
  if (error == asio::error::connection_reset || error == asio::error::broken_pipe) {
    return {.reason = "the server reset the connection", .was_hung_up = true};
  }
  if (error.category() == asio::error::get_ssl_category()) {
    return {.reason = handshake_failure_text(error), .is_refusal = true};
  }
  if (error == boost::redis::error::incompatible_size ||
      error == boost::redis::error::exceeds_maximum_read_buffer_size) {
    return {.reason = "the server sent more than an answer can have"};
  }
  const bool is_no_resp = error == boost::redis::error::invalid_data_type ||
                          error == boost::redis::error::not_a_number ||
                          error == boost::redis::error::empty_field;
  return {.reason = printable(error.message()), .speaks_another_protocol = is_no_resp};
}

}  // namespace exclusive_lock::redis
