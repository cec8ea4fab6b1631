// acquire NAME: takes a lock and leaves it held. Other processes continue with its owner.

#include <CLI/CLI.hpp>

#include "cli/claim.hpp"
#include "cli/exit_codes.hpp"
#include "cli/output/json.hpp"
#include "cli/output/write.hpp"
#include "cli/session.hpp"

namespace exclusive_lock::cli {
namespace {

struct AcquireOptions {
  ClaimOptions claim;
  bool json = false;
};

Options detached_lock_options(const AcquireOptions& options, const std::string& key_prefix,
                              std::vector<Mistake>& mistakes) {
  Options lock = lock_options(options.claim, key_prefix, mistakes);
  // The calling program continues with the lock after this process has ended.
  lock.program = cut_to_bytes(parent_program(), 64);
  lock.detached = true;
  lock.auto_refresh = false;
  // Not used, but checked: half the ttl is valid for every valid ttl.
  lock.allow_short_ttl = true;
  lock.lock_refresh = lock.lock_ttl / 2;
  return lock;
}

void check(CLI::App& parser, AcquireOptions& options, Session& session) {
  settle(options.claim, parser.count("NAME") > 0, session.mistakes);
  check_claim_options(options.claim, session.mistakes);
  append_mistakes_in(detached_lock_options(options, session.store.key_prefix, session.mistakes),
                     session.mistakes);
}

std::string result_text(const ExclusiveLock& lock, const std::string& name, Milliseconds ttl,
                        Fence fence, bool json) {
  if (!json) {
    return lock.owner() + " " + std::to_string(fence.value) + "\n";
  }
  JsonObject object;
  object.add_bytes("name", name).add_bytes("key", lock.key()).add("owner", lock.owner());
  object.add("fence", fence.value).add("ttl_ms", ttl.count());
  return object.text() + "\n";
}

int acquire(const AcquireOptions& options, Session& session) {
  SignalInbox signals;
  const Options lock_options =
      detached_lock_options(options, session.store.key_prefix, session.mistakes);
  const ClaimResult claimed =
      claim_lock(options.claim, lock_options, session, signals, [](ExclusiveLock&) {});
  if (const auto* interrupted = std::get_if<Interrupted>(&claimed)) {
    return report_interrupted(*interrupted, options.claim, session.talk);
  }
  if (const auto* other = std::get_if<NotHeld>(&claimed)) {
    return report_not_held(*other, options.claim, session.talk);
  }
  ExclusiveLock& lock = *std::get<Held>(claimed).lock;
  const auto fence = lock.fence();
  if (!fence) {
    session.talk.say(shown(options.claim.name) +
                     " was acquired, but has already expired: --ttl is too short for this store");
    return to_int(ExitCode::lost);
  }
  try {
    write_result(
        result_text(lock, options.claim.name, lock_options.lock_ttl, *fence, options.json));
  } catch (const OutputFailed&) {
    lock.release();  // its owner could not be printed, so no other process could release it
    throw;
  }
  return to_int(ExitCode::done);
}

}  // namespace

Subcommand add_acquire(CLI::App& app, Session& session) {
  auto options = std::make_shared<AcquireOptions>();
  CLI::App* const parser =
      app.add_subcommand("acquire", "Take a lock and print its owner and fence, for scripts");
  add_claim_options(*parser, options->claim, session.mistakes);
  parser->add_flag("--json", options->json, "Print a JSON object");
  parser->footer(
      "  held=$(exclusive-lock acquire nightly --ttl 10m) || exit\n"
      "  exclusive-lock refresh nightly --owner \"${held% *}\" || exit\n"
      "  exclusive-lock release nightly --owner \"${held% *}\"\n");
  return {.parser = parser,
          .check = [parser, options, &session] { check(*parser, *options, session); },
          .act = [options, &session] { return acquire(*options, session); }};
}

}  // namespace exclusive_lock::cli
