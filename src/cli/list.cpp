// list [PATTERN]: all locks of a store.

#include <CLI/CLI.hpp>

#include "cli/exit_codes.hpp"
#include "cli/output/json.hpp"
#include "cli/output/record_text.hpp"
#include "cli/output/write.hpp"
#include "cli/session.hpp"
#include "exclusive_lock/lock_directory.hpp"

namespace exclusive_lock::cli {
namespace {

struct ListOptions {
  std::string pattern = "*";
  bool json = false;
};

int list(const ListOptions& options, Session& session) {
  const auto store = open_store(session.store, session.environment, session.talk);
  const auto records = LockDirectory(store, session.store.key_prefix).list(options.pattern);
  if (options.json) {
    std::vector<std::string> elements;
    elements.reserve(records.size());
    for (const LockRecord& record : records) {
      elements.push_back(to_json(record).text());
    }
    write_result(json_array(elements) + "\n");
  } else if (records.empty()) {
    session.talk.say("no locks are held");
  } else {
    write_result(list_text(records, std::chrono::system_clock::now(), session.results));
  }
  return to_int(ExitCode::done);
}

}  // namespace

Subcommand add_list(CLI::App& app, Session& session) {
  auto options = std::make_shared<ListOptions>();
  CLI::App* const parser = app.add_subcommand("list", "Show the locks that are held");
  parser->add_option("PATTERN", options->pattern, "Of names, as for files: * ? [...]")
      ->capture_default_str();
  parser->add_flag("--json", options->json, "Print a JSON array");
  return {.parser = parser, .act = [options, &session] { return list(*options, session); }};
}

}  // namespace exclusive_lock::cli
