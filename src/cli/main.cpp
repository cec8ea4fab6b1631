// exclusive-lock: the command. Wires things up; each subcommand is in the file of its name.

#include <unistd.h>
#include <CLI/CLI.hpp>

#include "cli/command_line.hpp"
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

int run_subcommand(CommandLine& line, Session& session, std::vector<std::string> arguments) {
  try {
    const Subcommand& chosen = line.understand(std::move(arguments));
    if (const auto problem = session.environment.misspelt()) {
      session.talk.say(*problem);
      return to_int(ExitCode::usage);
    }
    return chosen.act();
  } catch (const CLI::ParseError& end) {
    return finish_parsing(end, line.parser(), session.talk);
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
    CommandLine line(session);
    return run_subcommand(line, session, std::move(arguments));
  } catch (...) {
    return report_failure(std::current_exception(), talk);
  }
}

}  // namespace exclusive_lock::cli

int main(int argc, char** argv) {
  auto arguments = exclusive_lock::cli::take_arguments(argc, argv);
  return exclusive_lock::cli::main_with(std::move(arguments), environ);
}
