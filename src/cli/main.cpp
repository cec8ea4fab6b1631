// exclusive-lock: the command. Wires things up; each subcommand is in the file of its name.

#include <unistd.h>
#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/exit_codes.hpp"
#include "cli/failure_report.hpp"
#include "cli/output/write.hpp"
#include "cli/parser.hpp"
#include "cli/secrets.hpp"
#include "cli/session.hpp"

namespace exclusive_lock::cli {
namespace {

// --help, --version and mistakes in the arguments.
int finish_parsing(const CLI::ParseError& end, const CLI::App& app, Talk& talk) {
  if (dynamic_cast<const CLI::CallForVersion*>(&end) != nullptr) {
    write_result(std::string(end.what()) + "\n");
    return to_int(ExitCode::done);
  }
  const auto chosen = app.get_subcommands();
  if (end.get_exit_code() == 0) {
    write_result((chosen.empty() ? app : *chosen.front()).help());
    return to_int(ExitCode::done);
  }
  talk.say(explain(end, app));
  talk.say("see exclusive-lock " + (chosen.empty() ? "" : chosen.front()->get_name() + " ") +
           "--help");
  return to_int(ExitCode::usage);
}

int run_subcommand(CLI::App& app, const std::vector<Subcommand>& subcommands, Session& session,
                   std::vector<std::string> arguments) {
  try {
    auto [own, command] = split(app, std::move(arguments));
    session.command = std::move(command);
    refuse_empty_values(own);
    std::reverse(own.begin(), own.end());  // the order that CLI11 wants
    app.parse(std::move(own));
    if (const auto problem = session.environment.misspelt()) {
      session.talk.say(*problem);
      return to_int(ExitCode::usage);
    }
    const auto chosen = std::find_if(subcommands.begin(), subcommands.end(),
                                     [](const Subcommand& one) { return one.parser->parsed(); });
    return chosen->act();
  } catch (const CLI::ParseError& end) {
    return finish_parsing(end, app, session.talk);
  }
}

}  // namespace

int main_with(std::vector<std::string> arguments, char** variables) {
  Environment environment(variables);
  Talk talk(Terminal(STDERR_FILENO, environment));
  try {
    Session session{.environment = environment,
                    .talk = talk,
                    .results = Terminal(STDOUT_FILENO, environment),
                    .store = {},
                    .command = {}};
    CLI::App app(
        "One of many processes, on one machine or on many, holds a lock: run commands under it.",
        "exclusive-lock");
    app.set_version_flag("--version", "exclusive-lock " EXCLUSIVE_LOCK_VERSION);
    app.require_subcommand(1);
    app.fallthrough();  // --store may stand before or after the subcommand
    set_help_style(app);
    add_store_options(app, session.store);
    const std::vector<Subcommand> subcommands{add_run(app, session),     add_acquire(app, session),
                                              add_refresh(app, session), add_release(app, session),
                                              add_inspect(app, session), add_list(app, session)};
    return run_subcommand(app, subcommands, session, std::move(arguments));
  } catch (...) {
    return report_failure(std::current_exception(), talk);
  }
}

}  // namespace exclusive_lock::cli

int main(int argc, char** argv) {
  auto arguments = exclusive_lock::cli::take_arguments(argc, argv);
  return exclusive_lock::cli::main_with(std::move(arguments), environ);
}
