#include "cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/parser.hpp"

namespace exclusive_lock::cli {

CommandLine::CommandLine(Session& session)
    : session_(session),
      app_(std::make_unique<CLI::App>(
          "One of many processes, on one machine or on many, holds a lock: run commands under it.",
          "exclusive-lock")) {
  app_->set_version_flag("--version", "exclusive-lock " EXCLUSIVE_LOCK_VERSION);
  app_->require_subcommand(1);
  app_->fallthrough();  // --store may stand before or after the subcommand
  set_help_style(*app_);
  add_store_options(*app_, session.store);
  subcommands_ = {add_run(*app_, session),     add_acquire(*app_, session),
                  add_refresh(*app_, session), add_release(*app_, session),
                  add_inspect(*app_, session), add_list(*app_, session)};
}

CommandLine::~CommandLine() = default;

const Subcommand& CommandLine::understand(std::vector<std::string> arguments) {
  auto [own, command] = split(*app_, std::move(arguments));
  session_.command = std::move(command);
  refuse_empty_values(own);
  refuse_values_of_flags(*app_, own);
  std::reverse(own.begin(), own.end());  // the order that CLI11 wants
  app_->parse(std::move(own));
  return *std::find_if(subcommands_.begin(), subcommands_.end(),
                       [](const Subcommand& one) { return one.parser->parsed(); });
}

}  // namespace exclusive_lock::cli
