#include "conformance/queue_faults.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace exclusive_lock::conformance {
namespace {

// What the entries say of when they were last heard of, by owner.
std::map<std::string, std::string> heartbeats(live::RawClient client) {
  std::map<std::string, std::string> found;
  for (const std::string& entry : live::entries_in(client, job::queue_at)) {
    if (live::text_in(entry, live::EntryField::channel).starts_with("exclusive-lock:push:")) {
      found[live::text_in(entry, live::EntryField::owner)] =
          live::text_in(entry, live::EntryField::heard_us);
    }
  }
  return found;
}

}  // namespace

Options job::options(std::shared_ptr<Connection> connection, Milliseconds ttl) {
  Options options;
  options.app_name = "job";
  options.cache_connection = std::move(connection);
  options.lock_ttl = ttl;
  options.lock_refresh = ttl / 3;
  return options;
}

Waiting::Waiting(Options options, std::function<void()> when_held)
    : lock_(std::move(options)),
      result_(std::async(std::launch::async, [this, when_held = std::move(when_held)] {
        const bool held = lock_.acquire_for(very_long, stop_.get_token());
        if (held) {
          held_at_ = BootClock::now();
          when_held();
          lock_.release();
        }
        return held;
      })) {}

testing::AssertionResult all_have_beaten(const live::Server& server, std::size_t count) {
  const auto before = heartbeats(server.client());
  std::map<std::string, std::string> after;
  const bool have = comes_true([&] {
    after = heartbeats(server.client());
    return after.size() == count && std::ranges::all_of(after, [&](const auto& each) {
             const auto known = before.find(each.first);
             return known == before.end() || known->second != each.second;
           });
  });
  return have ? testing::AssertionSuccess()
              : testing::AssertionFailure() << after.size() << " entries, or not all anew";
}

std::string QueueFaults::holder_label() const {
  const std::string record = server.client().command({"GET", job::record_at}).text;
  const std::string mark = R"("label":")";
  const auto at = record.find(mark);
  if (at == std::string::npos) {
    return "";
  }
  return record.substr(at + mark.size(), record.find('"', at + mark.size()) - at - mark.size());
}

}  // namespace exclusive_lock::conformance
