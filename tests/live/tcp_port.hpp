#pragma once
// Ports of this machine: one that is free, and who listens at one.

#include <sys/types.h>

#include <cstdint>

namespace exclusive_lock::live {

// Free at 127.0.0.1 just now. Not a port that the kernel would choose for bind(0): a client that
// tries again and again while its server is down would be given that very port as its own, connect
// to itself, and keep the server from coming back.
std::uint16_t free_port();

// Whether this process listens at 127.0.0.1:port, and nobody beside it.
bool is_only_listener(pid_t pid, std::uint16_t port);

}  // namespace exclusive_lock::live
