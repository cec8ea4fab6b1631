#pragma once
// What main() prepares for every subcommand.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/environment.hpp"
#include "cli/output/talk.hpp"
#include "cli/output/terminal.hpp"
#include "cli/store_options.hpp"
#include "exclusive_lock/error.hpp"

namespace CLI {
class App;
}

namespace exclusive_lock::cli {

struct Session {
  Environment& environment;
  Talk& talk;
  Terminal results;                  // stdout
  StoreOptions store;                // the options that all subcommands share
  std::vector<std::string> command;  // for run: the arguments after "--"
  std::vector<Mistake> mistakes{};   // in the arguments; all are reported together
};

// One subcommand. `check` is called when the arguments were read: it adds mistakes to the session,
// and contacts no store. `act` is called if there are no mistakes; it returns the exit code.
struct Subcommand {
  CLI::App* parser;
  std::function<void()> check;
  std::function<int()> act;
};

Subcommand add_run(CLI::App& app, Session& session);
Subcommand add_acquire(CLI::App& app, Session& session);
Subcommand add_refresh(CLI::App& app, Session& session);
Subcommand add_release(CLI::App& app, Session& session);
Subcommand add_inspect(CLI::App& app, Session& session);
Subcommand add_list(CLI::App& app, Session& session);

}  // namespace exclusive_lock::cli
