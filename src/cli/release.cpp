// release NAME: releases a lock, by its owner or by force.

#include <unistd.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "cli/exit_codes.hpp"
#include "cli/lock_name.hpp"
#include "cli/output/json.hpp"
#include "cli/output/record_text.hpp"
#include "cli/output/write.hpp"
#include "cli/session.hpp"
#include "exclusive_lock/lock_directory.hpp"
#include "os/process.hpp"

namespace exclusive_lock::cli {
namespace {

struct ReleaseOptions {
  LockName lock;
  std::string owner;
  bool force = false;
  bool yes = false;
  bool json = false;
  bool forget = false;
};

// With --json, prints a result for programs on stdout, in addition to the messages on stderr.
int finish(const ReleaseOptions& options, bool is_released, const std::optional<LockRecord>& holder,
           ExitCode code) {
  if (options.json) {
    JsonObject object;
    object.add_bytes("name", options.lock.name)
        .add("released", is_released)
        .add("forced", options.force);
    if (holder) {
      object.add("holder", Contents::parse(to_json(*holder).text()));
    }
    write_result(object.text() + "\n");
  }
  return to_int(code);
}

std::string this_process_text() {
  return shown(user_name()) + " on " + shown(host_name()) + ", process " +
         std::to_string(::getpid());
}

bool is_yes(const std::string& answer) { return answer == "y" || answer == "Y" || answer == "yes"; }

// Asks on the terminal.
bool is_confirmed(Session& session) {
  session.talk.write(
      "Ending another process's hold is safe only if that process has ended: otherwise it notices "
      "only at its next refresh.\n"
      "Release it all the same? [y/N] ");
  std::string answer;
  std::getline(std::cin, answer);
  return is_yes(answer);
}

int release_by_owner(LockDirectory& locks, const ReleaseOptions& options, Session& session) {
  const std::string name = shown(options.lock.name);
  const auto key = options.lock.special_key(session.store.key_prefix);
  switch (key ? locks.release_key(*key, options.owner)
              : locks.release(options.lock.name, options.owner)) {
    case ReleaseOutcome::released:
      return finish(options, true, {}, ExitCode::done);
    case ReleaseOutcome::not_held:
      session.talk.say(name + " is not held by this owner (any more); nothing was released");
      return finish(options, false, {}, ExitCode::lost);
    case ReleaseOutcome::unknown:
      session.talk.say("the store did not answer the release of " + name +
                       "; it may have been carried out");
      return to_int(ExitCode::store_unavailable);
  }
  return to_int(ExitCode::internal);
}

int release_by_force(LockDirectory& locks, const ReleaseOptions& options, Session& session) {
  const std::string name = shown(options.lock.name);
  const auto now = std::chrono::system_clock::now();
  const auto record = inspect(locks, options.lock, session.store.key_prefix);
  if (!record) {
    session.talk.note(name + " is free; nothing to release");
    return finish(options, false, record, ExitCode::done);
  }
  session.talk.write(inspect_text(*record, now, session.talk.terminal()));
  if (!options.yes) {
    if (::isatty(STDIN_FILENO) != 1 || !session.talk.terminal().is_terminal()) {
      session.talk.say("--force ends another process's hold; without a terminal it needs --yes");
      return finish(options, false, record, ExitCode::usage);
    }
    if (!is_confirmed(session)) {
      session.talk.say("not released");
      return finish(options, false, record, ExitCode::no);
    }
  }
  if (!locks.force_release(*record)) {
    session.talk.say(name + " has another holder now; nothing was released. Inspect it again");
    return finish(options, false, record, ExitCode::busy);
  }
  session.talk.say("released by force: " + name + ", held by " + holder_and_age_text(*record, now) +
                   ", owner " + (record->owner.empty() ? "unknown" : shown(record->owner)) +
                   "; done by " + this_process_text() + ", at " +
                   utc_text(std::chrono::system_clock::now()));
  return finish(options, true, record, ExitCode::done);
}

void check(CLI::App& parser, ReleaseOptions& options, Session& session) {
  settle(options.lock, parser.count("NAME") > 0, session.mistakes);
  append_mistakes_in(options.lock.options(session.store.key_prefix), session.mistakes);
  const bool has_owner = parser.count("--owner") > 0;
  const bool is_owner_wrong = std::ranges::any_of(
      session.mistakes, [](const Mistake& one) { return one.field == "--owner"; });
  if (has_owner == options.force && !is_owner_wrong) {
    session.mistakes.push_back(
        {"release", "needs either --owner, as acquire printed it, or --force", ""});
  } else if (has_owner) {
    append_mistakes_in_owner(options.owner, session.mistakes);
  }
  if (options.forget && !options.force) {
    session.mistakes.push_back({"--forget", "requires --force", ""});
  }
  if (options.yes && !options.force) {
    session.mistakes.push_back({"--yes", "requires --force", ""});
  }
}

// Deletes the mark of --once-per, so that the next run is not skipped.
void forget(LockDirectory& locks, const ReleaseOptions& options, Session& session) {
  const std::string name = shown(options.lock.name);
  const auto key = options.lock.special_key(session.store.key_prefix);
  session.talk.say((key ? locks.forget_key(*key) : locks.forget(options.lock.name))
                       ? "forgot when " + name + " was last done; the next --once-per runs"
                       : name + " was not recorded as done; nothing to forget");
}

int release(const ReleaseOptions& options, Session& session) {
  const auto store = open_store(session.store, session.environment, session.talk);
  LockDirectory locks(store, session.store.key_prefix);
  if (!options.force) {
    return release_by_owner(locks, options, session);
  }
  const int exit_code = release_by_force(locks, options, session);
  if (options.forget && exit_code == to_int(ExitCode::done)) {
    forget(locks, options, session);
  }
  return exit_code;
}

}  // namespace

Subcommand add_release(CLI::App& app, Session& session) {
  auto options = std::make_shared<ReleaseOptions>();
  CLI::App* const parser =
      app.add_subcommand("release", "Release an acquired lock, or by force any lock");
  add_lock_name(*parser, options->lock, "What is locked");
  parser->add_option("--owner", options->owner, "What acquire printed")->type_name("OWNER");
  parser->add_flag(
      "--force", options->force,
      "Release any holder's lock: shows the holder, asks, and reports who released it");
  parser->add_flag("--yes", options->yes, "Do not ask");
  parser->add_flag("--forget", options->forget,
                   "Also delete the mark of run --once-per; if the lock is free, only that");
  parser->add_flag("--json", options->json, "Print a JSON object");
  parser->footer("  exclusive-lock release nightly --owner \"$owner\"\n");
  return {.parser = parser,
          .check = [parser, options, &session] { check(*parser, *options, session); },
          .act = [options, &session] { return release(*options, session); }};
}

}  // namespace exclusive_lock::cli
