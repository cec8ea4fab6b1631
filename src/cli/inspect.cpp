// inspect NAME: shows who holds a lock.

#include <CLI/CLI.hpp>

#include "cli/exit_codes.hpp"
#include "cli/lock_name.hpp"
#include "cli/output/json.hpp"
#include "cli/output/record_text.hpp"
#include "cli/output/write.hpp"
#include "cli/session.hpp"
#include "exclusive_lock/lock_directory.hpp"

namespace exclusive_lock::cli {
namespace {

struct InspectOptions {
  LockName lock;
  bool json = false;
};

void check(CLI::App& parser, InspectOptions& options, Session& session) {
  settle(options.lock, parser.count("NAME") > 0, session.mistakes);
  append_mistakes_in(options.lock.options(session.store.key_prefix), session.mistakes);
}

int inspect(const InspectOptions& options, Session& session) {
  const std::string& name = options.lock.name;
  session.store.retry_connect = false;
  const auto store = open_store(session.store, session.environment, session.talk);
  const LockDirectory locks(store, session.store.key_prefix);
  const auto record = inspect(locks, options.lock, session.store.key_prefix);
  const auto last_done =
      record ? record->last_done : last_done_of(locks, options.lock, session.store.key_prefix);
  if (options.json) {
    JsonObject object = record ? to_json(*record) : free_to_json(name, last_done);
    write_result(object.add_bytes("store", store->url()).text() + "\n");
  } else if (record) {
    write_result(inspect_text(*record, std::chrono::system_clock::now(), session.results) +
                 row("store", shown(store->url())));
  } else {
    write_result(shown(name) + " is free in " + shown(store->url()) + "\n" +
                 (last_done ? last_done_text(*last_done) : ""));
  }
  return to_int(record ? ExitCode::done : ExitCode::no);
}

}  // namespace

Subcommand add_inspect(CLI::App& app, Session& session) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* const parser =
      app.add_subcommand("inspect", "Show who holds a lock; exit code 1: it is free");
  add_lock_name(*parser, options->lock, "What is locked");
  parser->add_flag("--json", options->json, "Print a JSON object");
  parser->footer("  exclusive-lock inspect nightly --json\n");
  return {.parser = parser,
          .check = [parser, options, &session] { check(*parser, *options, session); },
          .act = [options, &session] { return inspect(*options, session); }};
}

}  // namespace exclusive_lock::cli
