#pragma once
// What main() wires up for every subcommand.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/environment.hpp"
#include "cli/output/talk.hpp"
#include "cli/output/terminal.hpp"
#include "cli/store_options.hpp"

namespace CLI {
class App;
}

namespace exclusive_lock::cli {

struct Session {
  Environment& environment;
  Talk& talk;
  Terminal results;                  // stdout
  StoreOptions store;                // of the options that all subcommands share
  std::vector<std::string> command;  // what stands behind "--", for run
};

// One subcommand: how it is spelled, and what it does once the arguments were understood. Returns
// the exit code.
struct Subcommand {
  CLI::App* parser;
  std::function<int()> act;
};

Subcommand add_run(CLI::App& app, Session& session);
Subcommand add_acquire(CLI::App& app, Session& session);
Subcommand add_refresh(CLI::App& app, Session& session);
Subcommand add_release(CLI::App& app, Session& session);
Subcommand add_inspect(CLI::App& app, Session& session);
Subcommand add_list(CLI::App& app, Session& session);

}  // namespace exclusive_lock::cli
