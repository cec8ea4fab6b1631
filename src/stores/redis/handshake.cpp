#include "stores/redis/handshake.hpp"

#include <charconv>
#include <utility>

#include "exclusive_lock/error.hpp"
#include "exclusive_lock/printable.hpp"
#include "stores/redis/redis_errors.hpp"
#include "stores/redis/server_time.hpp"

namespace exclusive_lock::redis {
namespace {

constexpr std::size_t max_shown_bytes = 100;

StoreFailure refused(errc code, std::string message) {
  return {.code = code, .message = std::move(message), .may_have_run = false};
}

// HELLO's answer is a map: key, value, key, value...
const Reply* field(const Reply& map, std::string_view name) {
  for (std::size_t i = 0; i + 1 < map.elements.size(); i += 2) {
    if (map.elements[i].is_string() && map.elements[i].text == name) {
      return &map.elements[i + 1];
    }
  }
  return nullptr;
}

std::string text_field(const Reply& map, std::string_view name) {
  const Reply* value = field(map, name);
  return value != nullptr && value->is_string() ? printable(value->text, max_shown_bytes) : "";
}

std::optional<StoreFailure> unusable_role(const std::string& role, const std::string& mode) {
  if (mode == "sentinel") {
    return refused(
        errc::unsuitable_store,
        "this is a Sentinel, which keeps no data. Connect to the server that it watches");
  }
  if (role == "active-replica") {
    return refused(
        errc::unsuitable_store,
        "this server is an active replica: two of them can grant the same lock at the same "
        "moment, and then neither holder can release it. Use a server without active-replica");
  }
  if (role != "master") {
    // What it calls itself is its own text, and may repeat what it was sent.
    return refused(errc::store_read_only,
                   "this server is a replica, and locks are kept by the master only. Connect to "
                   "the master");
  }
  return std::nullopt;
}

// "maxmemory_policy:noeviction" in the lines of INFO; empty: unknown.
std::string info_value(const Reply& info, std::string_view name) {
  const std::string mark = "\n" + std::string(name) + ":";
  const auto at = info.is_string() ? info.text.find(mark) : std::string::npos;
  if (at == std::string::npos) {
    return "";
  }
  const auto begin = at + mark.size();
  const auto end = info.text.find_first_of("\r\n", begin);
  return printable(std::string_view(info.text).substr(begin, end - begin), max_shown_bytes);
}

std::vector<std::string> warnings_about(const std::string& mode, const Reply* info) {
  std::vector<std::string> warnings;
  if (mode == "cluster") {
    warnings.emplace_back(
        "the server is part of a cluster: names whose key another node keeps will fail with MOVED");
  }
  const std::string policy = info == nullptr ? "" : info_value(*info, "maxmemory_policy");
  const std::string limit = info == nullptr ? "" : info_value(*info, "maxmemory");
  if (!policy.empty() && policy != "noeviction") {
    warnings.push_back("maxmemory-policy is " + policy + ": when memory is full (maxmemory is " +
                       (limit.empty() || limit == "0" ? "not set" : limit) +
                       "), the server may delete the records of locks that are held. Set it to "
                       "noeviction");
  }
  return warnings;
}

}  // namespace

void send_handshake(const Login& login, const CommandSink& sink) {
  Command hello{"HELLO", "3"};
  if (!login.username.empty() || !login.password.empty()) {
    const std::string_view user = login.username;
    hello.insert(hello.end(), {"AUTH", user.empty() ? "default" : user, login.password});
  }
  if (!login.client_name.empty()) {
    hello.insert(hello.end(), {"SETNAME", login.client_name});
  }
  sink(hello);
  if (login.database != 0) {
    sink({"SELECT", std::to_string(login.database)});
  }
  sink({"TIME"});
  sink({"INFO"});
  if (!login.script.empty()) {
    sink({"SCRIPT", "LOAD", login.script});
  }
}

std::size_t handshake_replies(const Login& login) {
  constexpr std::size_t always = 3;
  return always + (login.database == 0 ? 0 : 1) + (login.script.empty() ? 0 : 1);
}

std::optional<Answer<Greeting>> judge_handshake(const Login& login,
                                                const std::vector<Reply>& replies) {
  if (replies.empty()) {
    return std::nullopt;
  }
  const Reply& hello = replies.front();
  if (hello.is_error()) {
    return server_refused_connection(hello.text, login.password);
  }
  const Reply* protocol = field(hello, "proto");
  if (!hello.is_array() || protocol == nullptr || protocol->integer != 3) {
    return refused(
        errc::unsuitable_store,
        "the server's answer to HELLO 3 is not that of a Redis server. Is the address right?");
  }
  const std::string mode = text_field(hello, "mode");
  if (auto failure = unusable_role(text_field(hello, "role"), mode)) {
    return *failure;
  }
  const bool selects = login.database != 0;
  if (selects && replies.size() > 1 && replies[1].is_error()) {
    return server_refused(replies[1].text);
  }
  if (replies.size() < handshake_replies(login)) {
    return std::nullopt;
  }
  const std::size_t time_at = selects ? 2 : 1;
  return Greeting{.server = text_field(hello, "server") + " " + text_field(hello, "version"),
                  .run_id = info_value(replies[time_at + 1], "run_id"),
                  .time = time_in(replies[time_at]),
                  .warnings = warnings_about(mode, &replies[time_at + 1])};
}

std::optional<StoreTime> time_in(const Reply& reply) {
  const auto number = [](const Reply& part, std::int64_t& value) {
    const char* end = part.text.data() + part.text.size();
    const auto [stopped, error] = std::from_chars(part.text.data(), end, value);
    return part.is_string() && error == std::errc{} && stopped == end && value >= 0;
  };
  std::int64_t seconds = 0;
  std::int64_t microseconds = 0;
  constexpr auto max_seconds = std::chrono::floor<std::chrono::seconds>(max_server_time).count();
  if (!reply.is_array() || reply.elements.size() != 2 || !number(reply.elements[0], seconds) ||
      !number(reply.elements[1], microseconds) || seconds >= max_seconds ||
      microseconds >= 1'000'000) {
    return std::nullopt;
  }
  return std::chrono::seconds(seconds) + StoreTime(microseconds);
}

}  // namespace exclusive_lock::redis
