#pragma once
// The options that say which store is meant and how to reach it; all subcommands share them.

#include <memory>
#include <optional>
#include <string>

#include "cli/duration.hpp"
#include "exclusive_lock/connection.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace exclusive_lock::cli {

class Environment;
class Talk;

struct StoreOptions {
  std::optional<std::string> url;  // --store; otherwise EXCLUSIVE_LOCK_STORE; otherwise local:
  std::string credentials_file;
  std::string ca_file;
  Milliseconds connect_timeout{5000};
  Milliseconds command_timeout{1000};
  std::string key_prefix = "exclusive-lock";
  bool verbose = false;
};

void add_store_options(CLI::App& app, StoreOptions& options);

// An option that takes a duration.
CLI::Option* add_duration(CLI::App& app, const std::string& names, Milliseconds& target,
                          const std::string& help);
CLI::Option* add_duration(CLI::App& app, const std::string& names,
                          std::optional<Milliseconds>& target, const std::string& help);

// Whether the records of the store are free as soon as the process that wrote them has ended.
bool frees_at_death(const StoreOptions& options, const Environment& environment);

// Throws ValidationError or StoreError.
std::shared_ptr<Connection> open_store(const StoreOptions& options, Environment& environment,
                                       Talk& talk);

}  // namespace exclusive_lock::cli
