#pragma once
// What the errors of a server mean.
//
// A server's error begins with a code in capitals. One that a command raised inside a script comes,
// by server, with the same code (Redis 7 and later, Valkey, Redict) or as
// "ERR Error running script (...): @user_script:1: -OOM ..." (Redis 6, KeyDB); both mean the same.
// Texts differ by server and version, so they are looked at only where the code is ERR.
//
// An error reply always means that nothing that matters was done: a server refuses a command before
// it runs, and our scripts are written so that what may be refused is their first write (a fence
// that was counted up for nothing is harmless). So may_have_run is false here.
//
// For a new error: add a row to the table in redis_errors.cpp and the text, as sent, to
// tests/unit/stores/redis/redis_errors_test.cpp.

#include <string>
#include <string_view>

#include "core/protocol.hpp"

namespace exclusive_lock::redis {

// Any error reply. The text may be hostile: the message is fit for a terminal.
StoreFailure server_refused(std::string_view error_text);

// The same during the handshake, where the server may repeat what it was sent: `password`, and four
// bytes or more from its beginning, are taken out of the text (G11).
StoreFailure server_refused_connection(std::string_view error_text, std::string_view password);

// At the address is something else: HTTP, SSH, memcached.
StoreFailure no_redis_server();
// The fence key holds something that cannot be read as a fence, or the highest one.
StoreFailure bad_fence(std::string_view fence_key);
// What may be the matter where the connection is closed at the first command.
inline constexpr std::string_view hung_up_at_hello =
    "this is not a Redis server, or a proxy that does not know HELLO";

// The error of a script, with the command that its line calls where the server lacks or hides that:
// servers give the line, and not the command.
std::string with_command_named(std::string_view error_text, std::string_view script_text);

// EVALSHA of a script that the server does not have (any more).
bool is_missing_script(std::string_view error_text);
// The server is not the master (any more).
bool is_from_replica(std::string_view error_text);
// A key that holds something else than a string.
bool is_wrong_type(std::string_view error_text);

// An answer that is none of those that were asked for. What was asked may have been carried out.
StoreFailure senseless_answer(std::string_view to_what);

}  // namespace exclusive_lock::redis
