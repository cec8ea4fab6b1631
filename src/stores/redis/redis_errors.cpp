#include "stores/redis/redis_errors.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "exclusive_lock/error.hpp"
#include "exclusive_lock/printable.hpp"

namespace exclusive_lock::redis {
namespace {

// A server's own words, which may be long and hostile.
constexpr std::size_t max_quoted_bytes = 400;

struct Meaning {
  std::string_view mark;  // a code, or a part of an ERR text
  errc code;
  std::string_view explanation;  // what it means; what to do
};

// The rule of docs/server_rights.md.
constexpr std::string_view needed_rights =
    "this user lacks a right. Needed are the commands hello, eval, evalsha, script|load, time, "
    "pttl, getrange, get, set, pexpire, del, zcount, zscore and zrangebyscore, for waiting and "
    "barging also zadd, zrem, zrange, hset, hget, hdel and hexists, for waking and being woken "
    "pubsub|numsub, publish, subscribe and the channels &exclusive-lock:push:*, for listing scan, "
    "for a database "
    "other than 0 select; and the keys <prefix>:* and {<prefix>:* (with the default prefix "
    "~exclusive-lock:* ~{exclusive-lock:*)";

// Of a server that was the master when it was connected to.
constexpr std::string_view has_failed_over =
    "this server has become a replica: a failover, which passes when the address leads to the new "
    "master. If it does not, connect to the master";

constexpr std::string_view is_cluster =
    "this server is part of a cluster, and a URL of this form cannot be used with one. Use a "
    "server "
    "outside a cluster";

constexpr std::string_view lacks_command =
    "the server lacks or hides a command that is needed. Needed is Redis 6, KeyDB 6, Valkey, "
    "Redict or "
    "newer, with the commands hello, eval, evalsha and script not renamed";

constexpr std::string_view no_hello =
    "this is not a Redis server, or a proxy that does not know HELLO, or a server that is too old. "
    "Needed is Redis 6, KeyDB 6, Valkey, Redict or newer, with the commands hello, eval, evalsha "
    "and "
    "script not renamed";

// Codes. The order does not matter: no code begins with another one and a space.
constexpr std::array codes{
    Meaning{"LOADING", errc::store_loading,
            "the server has started and is still reading its data. Try again when it has finished"},
    Meaning{
        "BUSY", errc::store_busy,
        "another client's script has kept the server busy for long. Try again later; SCRIPT KILL "
        "ends one that has not written yet"},
    Meaning{"TRYAGAIN", errc::store_busy,
            "the cluster is moving this key to another node. Try again"},
    Meaning{"READONLY", errc::store_failed_over, has_failed_over},
    Meaning{"REDIRECT", errc::store_failed_over, has_failed_over},
    Meaning{"UNBLOCKED", errc::store_failed_over, has_failed_over},
    Meaning{
        "MASTERDOWN", errc::store_failed_over,
        "this server has become a replica, and has lost its master: a failover, which passes when "
        "the address leads to the new master. If it does not, connect to the master"},
    Meaning{"OOM", errc::store_out_of_memory,
            "the server's memory is full, so nothing new can be locked; what is held can still be "
            "refreshed and released. Free memory or raise maxmemory"},
    Meaning{
        "MISCONF", errc::store_not_persisting,
        "the server cannot save its data and refuses all writes until it can. Look into its log; a "
        "full disk is the usual cause"},
    Meaning{
        "NOREPLICAS", errc::store_not_persisting,
        "fewer replicas are connected than min-replicas-to-write asks for, so the server refuses "
        "writes. Repair the replicas"},
    Meaning{
        "NOAUTH", errc::authentication_required,
        "the server wants a password. Give it in a credentials file, an environment variable or "
        "the URL"},
    Meaning{"WRONGPASS", errc::wrong_password,
            "the server does not accept this user and password, or the user is disabled"},
    Meaning{"NOPERM", errc::permission_denied, needed_rights},
    Meaning{
        "DENIED", errc::permission_denied,
        "the server is in protected mode: it has no password and so talks to its own machine only. "
        "Set a password there"},
    Meaning{
        "WRONGTYPE", errc::wrong_type,
        "the key holds something that is not a lock, which is left as it is. Use another name or "
        "key_prefix, or remove that key"},
    Meaning{"NOPROTO", errc::unsuitable_store,
            "the server does not speak RESP3. Needed is Redis 6, KeyDB 6, Valkey, Redict or newer"},
    Meaning{"MOVED", errc::unsuitable_store, is_cluster},
    Meaning{"ASK", errc::unsuitable_store, is_cluster},
    Meaning{"CROSSSLOT", errc::unsuitable_store, is_cluster},
    Meaning{"CLUSTERDOWN", errc::store_unavailable,
            "this server is part of a cluster that cannot serve this key now. Repair the cluster"},
    Meaning{"NOSCRIPT", errc::protocol_error,
            "the server forgot a script right after it was given it. Try again"},
    Meaning{"EXECABORT", errc::protocol_error,
            "the server gave up a transaction that was not ours"},
};

// Parts of texts whose code is ERR. The first that fits counts.
constexpr std::array phrases{
    Meaning{
        "max number of clients", errc::too_many_clients,
        "the server has as many clients as it allows. Try again later, close connections or raise "
        "maxclients"},
    Meaning{"can't run this command", errc::permission_denied, needed_rights},
    Meaning{"can't access at least one of the keys", errc::permission_denied, needed_rights},
    Meaning{"ACL failure in script", errc::permission_denied, needed_rights},
    Meaning{"Out of memory", errc::store_out_of_memory,
            "the server's memory is full, so nothing new can be locked. Free memory or raise its "
            "limit"},
    Meaning{"DB index is out of range", errc::unsuitable_store,
            "the server does not have that database. Give a lower number, or none, in the URL"},
    Meaning{"invalid DB index", errc::unsuitable_store,
            "the server does not have that database. Give a lower number, or none, in the URL"},
    Meaning{"SELECT is not allowed in cluster mode", errc::unsuitable_store, is_cluster},
    Meaning{"undeclared key", errc::unsuitable_store,
            "the server refuses scripts that it cannot check. Use another server"},
    Meaning{"do not hash to the same slot", errc::unsuitable_store, is_cluster},
    Meaning{"non local key in a cluster", errc::unsuitable_store, is_cluster},
    Meaning{"unknown command", errc::unsuitable_store, lacks_command},
    // "Unknown Redis command called from script", or Redict, or from Lua script.
    Meaning{"command called from", errc::unsuitable_store, lacks_command},
    Meaning{"Unknown command", errc::unsuitable_store, lacks_command},
    Meaning{"unknown subcommand", errc::unsuitable_store, lacks_command},
    Meaning{"Unknown subcommand", errc::unsuitable_store, lacks_command},
    Meaning{"overflow", errc::wrong_type,
            "the key beside the lock does not hold one of our fences. Look at what is there"},
};

constexpr Meaning unknown_error{
    "", errc::protocol_error,
    "the server refused the request, and this library does not know why. If "
    "the server's log does not tell either, report it"};

bool begins_with_word(std::string_view text, std::string_view word) {
  return text.starts_with(word) && (text.size() == word.size() || text[word.size()] == ' ');
}

bool is_from_script(std::string_view text) {
  return text.find("user_script") != std::string_view::npos ||
         text.find("Error running script") != std::string_view::npos;
}

// "... @user_script: 1: -OOM command not allowed": after a space, with or without a '-'.
bool has_raised(std::string_view text, std::string_view code) {
  for (auto at = text.find(code); at != std::string_view::npos; at = text.find(code, at + 1)) {
    const bool after_dash = at >= 2 && text[at - 1] == '-' && text[at - 2] == ' ';
    const bool after_space = at >= 1 && text[at - 1] == ' ';
    if ((after_dash || after_space) && begins_with_word(text.substr(at), code)) {
      return true;
    }
  }
  return false;
}

const Meaning& meaning_of(std::string_view text) {
  const auto is_code = [text](const Meaning& meaning) {
    return begins_with_word(text, meaning.mark);
  };
  const auto is_raised = [text](const Meaning& meaning) { return has_raised(text, meaning.mark); };
  const auto is_said = [text](const Meaning& meaning) {
    return text.find(meaning.mark) != std::string_view::npos;
  };
  if (const auto found = std::ranges::find_if(codes, is_code); found != codes.end()) {
    return *found;
  }
  if (is_from_script(text)) {
    if (const auto found = std::ranges::find_if(codes, is_raised); found != codes.end()) {
      return *found;
    }
  }
  const auto found = std::ranges::find_if(phrases, is_said);
  return found != phrases.end() ? *found : unknown_error;
}

StoreFailure refusal(const Meaning& meaning, std::string_view shown_text) {
  return {.code = meaning.code,
          .message = "the server answered \"" + printable(shown_text, max_quoted_bytes) +
                     "\": " + std::string(meaning.explanation),
          .may_have_run = false};
}

// A server repeats line breaks as spaces, for they would end its error.
bool is_repetition(char said, char sent) {
  return said == sent || (said == ' ' && (sent == '\n' || sent == '\r'));
}

// How many bytes of `secret` the text begins with.
std::size_t size_of_beginning(std::string_view secret, std::string_view text) {
  const std::size_t most = std::min(secret.size(), text.size());
  std::size_t size = 0;
  while (size < most && is_repetition(text[size], secret[size])) {
    ++size;
  }
  return size;
}

// The secret may be cut short: servers repeat the first 128 bytes of what they were asked.
std::string without_secret(std::string_view text, std::string_view secret) {
  constexpr std::size_t min_hidden = 4;  // less of it does not tell it
  const std::size_t least = std::min(secret.size(), min_hidden);
  std::string shown;
  while (!text.empty()) {
    const std::size_t size = size_of_beginning(secret, text);
    const bool is_hidden = size > 0 && size >= least;
    shown.append(is_hidden ? "***" : text.substr(0, 1));
    text.remove_prefix(is_hidden ? size : 1);
  }
  return shown;
}

// "... @user_script:12: ..." or "... @user_script: 12: ...": the last of them counts. Empty: there
// is none.
std::string_view line_of_script(std::string_view error_text, std::string_view script_text) {
  constexpr std::string_view mark = "user_script:";
  const auto at = error_text.rfind(mark);
  std::size_t number = 0;
  if (at != std::string_view::npos) {
    std::string_view rest = error_text.substr(at + mark.size());
    rest.remove_prefix(rest.starts_with(' ') ? 1 : 0);
    std::from_chars(rest.data(), rest.data() + rest.size(), number);
  }
  for (; number > 1 && !script_text.empty(); --number) {
    const auto end = script_text.find('\n');
    script_text.remove_prefix(end == std::string_view::npos ? script_text.size() : end + 1);
  }
  return number == 1 ? script_text.substr(0, script_text.find('\n')) : std::string_view();
}

}  // namespace

StoreFailure server_refused(std::string_view error_text) {
  return refusal(meaning_of(error_text), error_text);
}

StoreFailure server_refused_connection(std::string_view error_text, std::string_view password) {
  // No server says so much; one that is hostile must not cost time.
  constexpr std::size_t max_read_bytes = 4096;
  error_text = error_text.substr(0, max_read_bytes);
  // A password can begin like the code of an error, which means what it means all the same.
  Meaning meaning = meaning_of(error_text);
  if (meaning.explanation == lacks_command) {
    meaning.explanation = no_hello;
  }
  return refusal(meaning, without_secret(error_text, password));
}

StoreFailure bad_fence(std::string_view fence_key) {
  return {.code = errc::wrong_type,
          .message = "the key " + printable(fence_key) +
                     " does not hold a fence of this library, so no higher fence can be given. "
                     "Find out who wrote it, and delete the key if it is not needed",
          .may_have_run = false};
}

StoreFailure no_redis_server() {
  return {.code = errc::unsuitable_store,
          .message = "cannot connect: " + std::string(hung_up_at_hello) +
                     ": what it answers is another protocol. Is the address right?",
          .may_have_run = false};
}

std::string with_command_named(std::string_view error_text, std::string_view script_text) {
  const bool is_missing = error_text.find("command called from") != std::string_view::npos ||
                          error_text.find("nknown command") != std::string_view::npos;
  const std::string_view line = line_of_script(error_text, script_text);
  std::string commands;
  for (auto at = line.find("call('"); is_missing && at != std::string_view::npos;
       at = line.find("call('", at + 1)) {
    const std::string_view name = line.substr(at + 6, line.find('\'', at + 6) - (at + 6));
    commands += (commands.empty() ? "" : " or ") + std::string(name);
  }
  return std::string(error_text) + (commands.empty() ? "" : " [the command: " + commands + "]");
}

bool is_missing_script(std::string_view error_text) {
  return begins_with_word(error_text, "NOSCRIPT");
}

bool is_from_replica(std::string_view error_text) {
  return meaning_of(error_text).code == errc::store_failed_over;
}

bool is_wrong_type(std::string_view error_text) {
  return meaning_of(error_text).mark == "WRONGTYPE";
}

StoreFailure senseless_answer(std::string_view to_what) {
  return {
      .code = errc::protocol_error,
      .message = "the server's answer to " + std::string(to_what) +
                 " makes no sense, so the request may have been carried out or not. Is it a Redis, "
                 "KeyDB, Valkey or Redict server, with no proxy in between that changes answers?",
      .may_have_run = true};
}

}  // namespace exclusive_lock::redis
