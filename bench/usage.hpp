#pragma once
// What processes use: CPU time, memory, commands of a server.

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "live/raw_client.hpp"

namespace exclusive_lock::bench {

using Seconds = std::chrono::duration<double>;

// User and system time of this process so far, all threads (getrusage(2)).
Seconds cpu_time();
// Resident memory of this process that is no file's, in bytes (proc(5), statm): the kernel maps a
// program's text 64 KiB at a time when it is first run.
double resident_bytes();

// CPU time of a server so far, from its INFO.
Seconds server_cpu_time(live::RawClient& server);
// What these commands have kept a server busy for since its last CONFIG RESETSTAT, in microseconds;
// a script with all that it runs, which counts for its own commands too (INFO commandstats).
double command_time_us(live::RawClient& server, const std::vector<std::string_view>& commands);
// Commands that a server has run since its last CONFIG RESETSTAT, those inside scripts counted, but
// for CONFIG and INFO, which only the measuring uses.
std::int64_t server_commands(live::RawClient& server);

// Since its last CONFIG RESETSTAT: how often it has read requests, of whatever length, from clients
// (INFO stats, Redis 6 and later), and how many scripts it has run.
double server_reads(live::RawClient& server);
double server_scripts(live::RawClient& server);

}  // namespace exclusive_lock::bench
