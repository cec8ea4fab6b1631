#pragma once
// Commands as a server reads them (RESP).

#include <string>

#include "stores/redis/operation_queue.hpp"

namespace exclusive_lock::redis {

// Appends "*<words>\r\n", and for each word "$<bytes>\r\n<word>\r\n".
void append_command(std::string& to, const Command& command);

}  // namespace exclusive_lock::redis
