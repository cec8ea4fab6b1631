#include "cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/parser.hpp"

namespace exclusive_lock::cli {

CommandLine::CommandLine(Session& session)
    : session_(session),
      app_(std::make_unique<CLI::App>(
          "Run a command in only one of many processes at a time, on one machine or on many.",
          "exclusive-lock")) {
  app_->set_version_flag("--version", "exclusive-lock " EXCLUSIVE_LOCK_VERSION,
                         "Print the version");
  app_->require_subcommand(0, 1);  // a lock may have the name of a subcommand
  app_->fallthrough();             // --store may stand before or after the subcommand
  app_->allow_extras();            // extra arguments are reported with all other mistakes
  add_store_options(*app_, session.store, session.mistakes);
  subcommands_ = {add_run(*app_, session),     add_acquire(*app_, session),
                  add_refresh(*app_, session), add_release(*app_, session),
                  add_inspect(*app_, session), add_list(*app_, session)};
  app_->footer("  exclusive-lock run nightly --wait 10m -- make report\n");
}

CommandLine::~CommandLine() = default;

const Subcommand* CommandLine::parse(std::vector<std::string> arguments) {
  auto [own, command] = split(*app_, std::move(arguments));
  session_.command = std::move(command);
  own = without_mistakes(*app_, own, session_.mistakes);
  std::reverse(own.begin(), own.end());  // the order that CLI11 wants
  try {
    app_->parse(std::move(own));
  } catch (const CLI::Success&) {
    throw;
  } catch (const CLI::ParseError& error) {
    session_.mistakes.push_back(unexpected_mistake(error));
  }
  append_extra_arguments(*app_, session_.mistakes);
  const auto chosen = std::find_if(subcommands_.begin(), subcommands_.end(),
                                   [](const Subcommand& one) { return one.parser->parsed(); });
  if (chosen == subcommands_.end()) {
    return nullptr;
  }
  take_variables(session_.store, session_.environment);
  check_store_options(session_.store, session_.environment, session_.mistakes);
  chosen->check();
  return &*chosen;
}

}  // namespace exclusive_lock::cli
