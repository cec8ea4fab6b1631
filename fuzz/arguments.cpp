// The command's arguments, understood but not carried out.
//
// - They are understood, or refused with a mistake that is fit for a terminal; nothing else is
//   thrown.
// - No mistake shows the password of a URL that stands in the wrong place (G11).
// - What an option is given is what was written, byte for byte; and run's command is exactly what
//   stands behind the first "--".
//
// Input: the arguments, each up to a NUL; '\x01' stands for a URL with a password. One that has the
// mark of that password in other places is passed over: such a text is no password.

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/command_line.hpp"
#include "cli/parser.hpp"
#include "targets.hpp"

namespace exclusive_lock::fuzz {
namespace {

using Arguments = std::vector<std::string>;

Arguments arguments_in(Bytes bytes) {
  const std::string url = "redis://user:" + std::string(password_mark) + "@host:6379/1";
  Input input(bytes);
  Arguments arguments;
  while (!input.is_over()) {
    std::string argument;
    for (const char c : input.text()) {
      argument += c == '\x01' ? url : std::string(1, c);
    }
    arguments.push_back(std::move(argument));
  }
  return arguments;
}

void check_values(const CLI::App& parser, const Arguments& arguments) {
  for (const CLI::Option* option : parser.get_options()) {
    if (option->get_items_expected_max() == 0) {
      continue;  // a flag's value is CLI11's
    }
    for (const std::string& value : option->results()) {
      require(std::ranges::any_of(arguments,
                                  [&](const std::string& one) { return one.ends_with(value); }),
              "an option has what was written", value);
    }
  }
}

void check_command(const CLI::App& parser, const Arguments& command, const Arguments& arguments) {
  if (parser.get_name() != "run") {
    require(command.empty(), "only run has a command");
    return;
  }
  const auto mark = std::ranges::find(arguments, "--");
  const Arguments behind(mark == arguments.end() ? mark : mark + 1, arguments.end());
  require(command == behind, "run's command is what stands behind --");
}

}  // namespace

void check_arguments(Bytes bytes) {
  if (holds_password(Input(bytes).rest())) {
    return;
  }
  const Arguments arguments = arguments_in(bytes);
  char* no_variables[] = {nullptr};
  cli::Environment environment(no_variables);
  cli::Talk talk(cli::Terminal(-1, environment));
  cli::Session session{.environment = environment,
                       .talk = talk,
                       .results = cli::Terminal(-1, environment),
                       .store = {},
                       .command = {}};
  cli::CommandLine line(session);
  try {
    const cli::Subcommand* const chosen = line.parse(arguments);
    if (chosen != nullptr && session.mistakes.empty()) {
      check_values(line.parser(), arguments);
      check_values(*chosen->parser, arguments);
      check_command(*chosen->parser, session.command, arguments);
    }
    require(chosen != nullptr || !session.mistakes.empty(), "it is understood, or refused");
  } catch (const CLI::Success&) {
    return;
  }
  for (const Mistake& mistake : session.mistakes) {
    const std::string text =
        cli::fit_for_terminal(mistake.field + " " + mistake.problem + " " + mistake.allowed);
    require_fit(text, "a mistake in the arguments");
    require(!holds_password(text), "a mistake holds no password", text);
  }
}

}  // namespace exclusive_lock::fuzz
