// release NAME: by its owner, or by force.

#include <pwd.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <iostream>

#include "cli/exit_codes.hpp"
#include "cli/output/record_text.hpp"
#include "cli/session.hpp"
#include "exclusive_lock/lock_directory.hpp"

namespace exclusive_lock::cli {
namespace {

struct ReleaseOptions {
  std::string name;
  std::string owner;
  bool force = false;
  bool yes = false;
};

std::string user_name() {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> texts{};
  ::getpwuid_r(::getuid(), &entry, texts.data(), texts.size(), &found);
  return found != nullptr ? found->pw_name : "user " + std::to_string(::getuid());
}

std::string who_we_are() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return shown(user_name()) + " on " + shown(host.data()) + ", process " +
         std::to_string(::getpid());
}

bool is_yes(const std::string& answer) { return answer == "y" || answer == "Y" || answer == "yes"; }

// On a terminal: the question. Elsewhere nobody can answer it.
bool is_confirmed(Session& session) {
  session.talk.write(
      "Ending somebody else's hold is safe only if its holder is gone: until its next refresh it "
      "will not know.\n"
      "Release it all the same? [y/N] ");
  std::string answer;
  std::getline(std::cin, answer);
  return is_yes(answer);
}

int release_by_owner(LockDirectory& locks, const ReleaseOptions& options, Session& session) {
  const std::string name = shown(options.name);
  switch (locks.release(options.name, options.owner)) {
    case ReleaseOutcome::released:
      return to_int(ExitCode::done);
    case ReleaseOutcome::not_held:
      session.talk.say(name + " is not held by this owner (any more); nothing was released");
      return to_int(ExitCode::lost);
    case ReleaseOutcome::unknown:
      session.talk.say("the store did not answer the release of " + name +
                       "; it may have been carried out");
      return to_int(ExitCode::store_unavailable);
  }
  return to_int(ExitCode::internal);
}

int release_by_force(LockDirectory& locks, const ReleaseOptions& options, Session& session) {
  const std::string name = shown(options.name);
  const auto now = std::chrono::system_clock::now();
  const auto record = locks.inspect(options.name);
  if (!record) {
    session.talk.say("nobody holds " + name + "; nothing to release");
    return to_int(ExitCode::done);
  }
  session.talk.write(inspect_text(*record, now, session.talk.terminal()));
  if (!options.yes) {
    if (::isatty(STDIN_FILENO) != 1 || !session.talk.terminal().is_terminal()) {
      session.talk.say("--force ends somebody else's hold; add --yes where nobody can be asked");
      return to_int(ExitCode::usage);
    }
    if (!is_confirmed(session)) {
      session.talk.say("not released");
      return to_int(ExitCode::no);
    }
  }
  if (!locks.force_release(*record)) {
    session.talk.say(name + " changed hands meanwhile; nothing was released. Look again");
    return to_int(ExitCode::busy);
  }
  session.talk.say(utc_text(std::chrono::system_clock::now()) + " released by force: " + name +
                   ", held by " + holder_and_age_text(*record, now) + ", owner " +
                   (record->owner.empty() ? "unknown" : shown(record->owner)) + "; done by " +
                   who_we_are());
  return to_int(ExitCode::done);
}

int release(const ReleaseOptions& options, Session& session) {
  if (options.force == !options.owner.empty()) {
    throw CLI::ValidationError("release",
                               "needs either --owner, as acquire printed it, or --force");
  }
  const auto store = open_store(session.store, session.environment, session.talk);
  LockDirectory locks(store, session.store.key_prefix);
  return options.force ? release_by_force(locks, options, session)
                       : release_by_owner(locks, options, session);
}

}  // namespace

Subcommand add_release(CLI::App& app, Session& session) {
  auto options = std::make_shared<ReleaseOptions>();
  CLI::App* const parser =
      app.add_subcommand("release", "Release a lock that acquire took, or by force anybody's");
  parser->add_option("NAME", options->name, "What is locked")->required();
  parser->add_option("--owner", options->owner, "What acquire printed")->type_name("OWNER");
  auto* const force =
      parser->add_flag("--force", options->force,
                       "Whoever holds it; shows who, asks, and says on stderr who did it");
  parser->add_flag("--yes", options->yes, "Do not ask")->needs(force);
  return {.parser = parser, .act = [options, &session] { return release(*options, session); }};
}

}  // namespace exclusive_lock::cli
