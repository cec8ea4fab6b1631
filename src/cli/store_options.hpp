#pragma once
// The options that say which store is meant and how to reach it; all subcommands share them.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/duration.hpp"
#include "cli/environment.hpp"
#include "exclusive_lock/connection.hpp"
#include "exclusive_lock/error.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace exclusive_lock::cli {

class Talk;

struct StoreOptions {
  std::optional<std::string> url;               // --store
  std::optional<std::string> given_key_prefix;  // --key-prefix
  std::string credentials_file;
  std::string ca_file;
  Milliseconds connect_timeout{5000};
  bool retry_connect = true;
  Milliseconds command_timeout{1000};
  std::string key_prefix = "exclusive-lock";
  bool verbose = false;
  bool quiet = false;
};

void add_store_options(CLI::App& app, StoreOptions& options, std::vector<Mistake>& mistakes);

// An option that takes a duration. What is no duration is added to the mistakes.
CLI::Option* add_duration(CLI::App& app, const std::string& names, Milliseconds& target,
                          const std::string& help, std::vector<Mistake>& mistakes);
CLI::Option* add_duration(CLI::App& app, const std::string& names,
                          std::optional<Milliseconds>& target, const std::string& help,
                          std::vector<Mistake>& mistakes);
// One that takes a number from 0 to `max`.
void add_whole_number(CLI::App& app, const std::string& names, const std::string& help,
                      std::size_t max, std::vector<Mistake>& mistakes,
                      std::function<void(std::size_t)> take);

// What was not given, from the environment; otherwise local: and the prefix "exclusive-lock".
void take_variables(StoreOptions& options, const Environment& environment);

// Once the variables were taken. Contacts nothing.
void check_store_options(const StoreOptions& options, const Environment& environment,
                         std::vector<Mistake>& mistakes);

// Whether the records of the store are free as soon as the process that wrote them has ended.
bool frees_at_death(const StoreOptions& options);

// Throws ValidationError or StoreError.
std::shared_ptr<Connection> open_store(const StoreOptions& options, const Environment& environment,
                                       Talk& talk);

// With these a command that a child starts asks the same store. No password is among them.
std::vector<Variable> variables_for(const StoreOptions& options, const Connection& connection);

// A path from which the content of `file` can be read any number of times: of a pipe, a copy in
// memory that lives as long as this process. Anything else comes back unchanged.
std::string readable_again(const std::string& file);

// On another machine, which may be away for now and come back by itself.
bool is_on_a_server(std::string_view url);

}  // namespace exclusive_lock::cli
