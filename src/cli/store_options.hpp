#pragma once
// The options that name the store and say how to connect to it; all subcommands share them.

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

// Adds an option that takes a duration. Adds a mistake if the value is not a duration.
CLI::Option* add_duration(CLI::App& app, const std::string& names, Milliseconds& target,
                          const std::string& help, std::vector<Mistake>& mistakes);
CLI::Option* add_duration(CLI::App& app, const std::string& names,
                          std::optional<Milliseconds>& target, const std::string& help,
                          std::vector<Mistake>& mistakes);
// Adds an option that takes a number from 0 to `max`.
void add_whole_number(CLI::App& app, const std::string& names, const std::string& help,
                      std::size_t max, std::vector<Mistake>& mistakes,
                      std::function<void(std::size_t)> take);

// Sets options that were not given: from the environment, else local: and the prefix
// "exclusive-lock".
void take_variables(StoreOptions& options, const Environment& environment);

// Call it after take_variables(). Contacts no store.
void check_store_options(const StoreOptions& options, const Environment& environment,
                         std::vector<Mistake>& mistakes);

// Whether the store frees a lock as soon as the process that holds it has ended.
bool frees_on_process_end(const StoreOptions& options);

// Throws ValidationError or StoreError.
std::shared_ptr<Connection> open_store(const StoreOptions& options, const Environment& environment,
                                       Talk& talk);

// Variables with which a command in a child uses the same store. They hold no password.
std::vector<Variable> variables_for(const StoreOptions& options, const Connection& connection);

// A path from which the content of `file` can be read any number of times. For a pipe: a copy in
// memory that lives as long as this process. Otherwise `file` itself.
std::string readable_again(const std::string& file);

// Whether the store is on a server, which may be away and come back.
bool is_on_a_server(std::string_view url);

}  // namespace exclusive_lock::cli
