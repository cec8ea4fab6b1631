// exclusive-lock: the command. Connects the parts; each subcommand has a file of its name.

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>

#include "cli/command_line.hpp"
#include "cli/exit_codes.hpp"
#include "cli/failure_report.hpp"
#include "cli/help.hpp"
#include "cli/output/write.hpp"
#include "cli/secrets.hpp"
#include "cli/session.hpp"

namespace exclusive_lock::cli {
namespace {

int finish_with_mistakes(const CommandLine& line, Session& session) {
  report_mistakes(session.mistakes, session.talk);
  const auto chosen = line.parser().get_subcommands();
  session.talk.say("see exclusive-lock " +
                   (chosen.empty() ? "" : chosen.front()->get_name() + " ") + "--help");
  return to_int(ExitCode::usage);
}

int run_subcommand(CommandLine& line, Session& session, std::vector<std::string> arguments) {
  try {
    const Subcommand* const chosen = line.parse(std::move(arguments));
    if (const auto problem = session.environment.misspelt()) {
      session.mistakes.push_back({"the environment", *problem, ""});
    }
    if (chosen == nullptr || !session.mistakes.empty()) {
      return finish_with_mistakes(line, session);
    }
    if (session.store.quiet) {
      session.talk.be_quiet();
    }
    return chosen->act();
  } catch (const CLI::CallForVersion& end) {
    write_result(std::string(end.what()) + "\n");
  } catch (const CLI::Success&) {
    const auto chosen = line.parser().get_subcommands();
    write_result(help_for(chosen.empty() ? line.parser() : *chosen.front()));
  }
  return to_int(ExitCode::done);
}

}  // namespace

int main_with(std::vector<std::string> arguments, char** variables) {
  Environment environment(variables);
  environment.hide_credentials();
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

namespace {

// If the caller closed stdin, stdout or stderr, the next file that is opened would take its number,
// and output would be written to that file. The replacement fails as a closed descriptor does:
// stdin cannot be read, the others cannot be written.
void fill_standard_descriptors() {
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(standard, F_GETFD) < 0 && errno == EBADF) {
      ::open("/dev/null", standard == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  // One heap for all threads: they allocate little, and each further heap would map 128 MiB.
  ::mallopt(M_ARENA_MAX, 1);
  fill_standard_descriptors();
  auto arguments = exclusive_lock::cli::take_arguments(argc, argv);
  return exclusive_lock::cli::main_with(std::move(arguments), environ);
}
