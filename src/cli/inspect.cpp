// inspect NAME: who holds it.

#include <CLI/CLI.hpp>

#include "cli/exit_codes.hpp"
#include "cli/output/json.hpp"
#include "cli/output/record_text.hpp"
#include "cli/output/write.hpp"
#include "cli/session.hpp"
#include "exclusive_lock/lock_directory.hpp"

namespace exclusive_lock::cli {
namespace {

struct InspectOptions {
  std::string name;
  bool json = false;
};

int inspect(const InspectOptions& options, Session& session) {
  const auto store = open_store(session.store, session.environment, session.talk);
  const auto record = LockDirectory(store, session.store.key_prefix).inspect(options.name);
  if (options.json) {
    write_result((record ? to_json(*record) : free_to_json(options.name)).text() + "\n");
  } else if (record) {
    write_result(inspect_text(*record, std::chrono::system_clock::now(), session.results));
  } else {
    write_result(shown(options.name) + " is free\n");
  }
  return to_int(record ? ExitCode::done : ExitCode::no);
}

}  // namespace

Subcommand add_inspect(CLI::App& app, Session& session) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* const parser =
      app.add_subcommand("inspect", "Show who holds a lock; exit code 1: nobody");
  parser->add_option("NAME", options->name, "What is locked")->required();
  parser->add_flag("--json", options->json, "Print a JSON object");
  return {.parser = parser, .act = [options, &session] { return inspect(*options, session); }};
}

}  // namespace exclusive_lock::cli
