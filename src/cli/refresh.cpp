// refresh NAME --owner OWNER: sets the remaining time of an acquired lock to a full ttl.

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

struct RefreshOptions {
  LockName lock;
  std::string owner;
  std::optional<Milliseconds> ttl;
  bool json = false;
};

// Used if the record belongs to another owner or is gone: the store then replies "lost" for every
// ttl.
constexpr Milliseconds any_ttl = std::chrono::seconds(30);

int report(RefreshOutcome outcome, const RefreshOptions& options, Milliseconds ttl,
           Session& session) {
  const std::string name = shown(options.lock.name);
  switch (outcome) {
    case RefreshOutcome::refreshed:
      if (options.json) {
        JsonObject object;
        object.add_bytes("name", options.lock.name)
            .add("owner", options.owner)
            .add("ttl_ms", ttl.count());
        write_result(object.text() + "\n");
      } else {
        session.talk.note(name + " was refreshed; it is held for " + duration_text(ttl) +
                          " from now");
      }
      return to_int(ExitCode::done);
    case RefreshOutcome::not_held:
    case RefreshOutcome::lost:
      session.talk.say(name + " is not held by this owner (any more): stop what was done under it");
      return to_int(ExitCode::lost);
    case RefreshOutcome::unknown:
      session.talk.say("the store did not answer the refresh of " + name +
                       "; it may have been carried out");
      return to_int(ExitCode::store_unavailable);
  }
  return to_int(ExitCode::internal);
}

void check(CLI::App& parser, RefreshOptions& options, Session& session) {
  settle(options.lock, parser.count("NAME") > 0, session.mistakes);
  Options lock = options.lock.options(session.store.key_prefix);
  lock.lock_ttl = options.ttl.value_or(any_ttl);
  lock.allow_short_ttl = true;
  lock.lock_refresh = Milliseconds(10);  // not used; valid for every ttl
  append_mistakes_in(lock, session.mistakes);
  append_mistakes_in_owner(options.owner, session.mistakes);
}

int refresh(const RefreshOptions& options, Session& session) {
  const std::string& prefix = session.store.key_prefix;
  const auto store = open_store(session.store, session.environment, session.talk);
  LockDirectory locks(store, prefix);
  Milliseconds ttl = options.ttl.value_or(any_ttl);
  if (!options.ttl) {
    // The ttl with which the lock was acquired; another default could shorten it.
    const auto record = inspect(locks, options.lock, prefix);
    ttl = record && record->owner == options.owner ? record->lock_ttl : any_ttl;
  }
  const auto key = options.lock.special_key(prefix);
  return report(key ? locks.refresh_key(*key, options.owner, ttl)
                    : locks.refresh(options.lock.name, options.owner, ttl),
                options, ttl, session);
}

}  // namespace

Subcommand add_refresh(CLI::App& app, Session& session) {
  auto options = std::make_shared<RefreshOptions>();
  CLI::App* const parser =
      app.add_subcommand("refresh", "Extend the hold of an acquired lock by a full ttl");
  add_lock_name(*parser, options->lock, "What is locked");
  parser->add_option("--owner", options->owner, "What acquire printed")->type_name("OWNER");
  add_duration(*parser, "--ttl", options->ttl,
               "For how long, from now: 100ms to 7d; default: as acquired", session.mistakes);
  parser->add_flag("--json", options->json, "Print a JSON object");
  parser->footer("  exclusive-lock refresh nightly --owner \"$owner\" --ttl 10m || exit\n");
  return {.parser = parser,
          .check = [parser, options, &session] { check(*parser, *options, session); },
          .act = [options, &session] { return refresh(*options, session); }};
}

}  // namespace exclusive_lock::cli
