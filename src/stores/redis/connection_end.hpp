#pragma once
// Why a connection ended, as its socket or its parser say.

#include <boost/system/error_code.hpp>

#include "stores/redis/server_connection.hpp"

namespace exclusive_lock::redis {

ConnectionEnd end_by(const boost::system::error_code& error);

}  // namespace exclusive_lock::redis
