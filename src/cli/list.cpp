// list [PATTERN]: shows the locks of a store.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <map>

#include "cli/exit_codes.hpp"
#include "cli/lock_name.hpp"
#include "cli/output/json.hpp"
#include "cli/output/record_text.hpp"
#include "cli/output/write.hpp"
#include "cli/parser.hpp"
#include "cli/session.hpp"
#include "cli/suggestion.hpp"
#include "exclusive_lock/lock_directory.hpp"

namespace exclusive_lock::cli {
namespace {

using Order = std::function<bool(const LockRecord&, const LockRecord&)>;

struct ListOptions {
  std::string pattern = "*";
  std::optional<std::string> key;  // only the lock at this key
  std::string order = "name";
  bool json = false;
};

bool is_before_by_name(const LockRecord& a, const LockRecord& b) {
  return is_naturally_before(a.name, b.name);
}

// None: unknown order. Equal records stay in the order of their names.
std::optional<Order> order_named(const std::string& word) {
  if (word == "name") {
    return is_before_by_name;
  }
  if (word == "age") {  // the oldest first; a record of another program has no age
    return [](const LockRecord& a, const LockRecord& b) {
      return a.since && (!b.since || *a.since < *b.since);
    };
  }
  if (word == "ttl") {  // the first to expire first; those that never expire last
    return [](const LockRecord& a, const LockRecord& b) {
      return a.remaining_ttl && (!b.remaining_ttl || *a.remaining_ttl < *b.remaining_ttl);
    };
  }
  if (word == "waiting") {  // most waiters first
    return [](const LockRecord& a, const LockRecord& b) { return a.waiting > b.waiting; };
  }
  return std::nullopt;
}

void check(const ListOptions& options, bool has_pattern, Session& session) {
  if (has_pattern && options.key) {
    session.mistakes.push_back(
        {"--key", "replaces PATTERN, but PATTERN is given too", "one of them"});
  }
  if (!order_named(options.order)) {
    session.mistakes.push_back(
        {"--sort:", "\"" + shown_word(options.order) + "\" is none of name, age, ttl, waiting",
         ""});
  }
  const LockName lock{.name = {}, .key = options.key, .is_given = options.key.has_value()};
  append_mistakes_in(lock.options(session.store.key_prefix), session.mistakes);
}

std::string count_text(std::size_t count, const std::string& store) {
  return std::to_string(count) + (count == 1 ? " lock" : " locks") + " in " + shown(store) + "\n";
}

// The locks that are held, then the free ones with a mark of --once-per.
std::string json_of(std::vector<LockRecord> records, const std::vector<LastDone>& done) {
  std::vector<std::string> elements;
  std::map<std::string_view, const LastDone*> free;
  for (const LastDone& one : done) {
    free.emplace(one.name, &one);
  }
  for (LockRecord& record : records) {
    if (const auto found = free.extract(record.name)) {
      record.last_done = *found.mapped();
    }
    elements.push_back(to_json(record).text());
  }
  for (const auto& [name, last] : free) {
    elements.push_back(free_to_json(name, *last).text());
  }
  return json_array(elements);
}

std::string nothing_found(const ListOptions& options) {
  if (options.key) {
    return "no lock is held at " + shown(*options.key);
  }
  return options.pattern == "*" ? "no locks are held"
                                : "no lock that is held matches " + shown(options.pattern);
}

std::vector<LockRecord> listed(const LockDirectory& locks, const ListOptions& options) {
  if (!options.key) {
    return locks.list(options.pattern);
  }
  auto record = locks.inspect_key(*options.key);
  return record ? std::vector{*std::move(record)} : std::vector<LockRecord>();
}

std::vector<LastDone> listed_done(const LockDirectory& locks, const ListOptions& options) {
  if (!options.key) {
    return locks.list_done(options.pattern);
  }
  auto done = locks.last_done_of(*options.key);
  return done ? std::vector{*std::move(done)} : std::vector<LastDone>();
}

int list(const ListOptions& options, Session& session) {
  session.store.retry_connect = false;
  const auto store = open_store(session.store, session.environment, session.talk);
  const LockDirectory locks(store, session.store.key_prefix);
  auto records = listed(locks, options);
  std::ranges::sort(records, is_before_by_name);
  std::ranges::stable_sort(records, *order_named(options.order));
  if (options.json) {
    write_result(json_of(std::move(records), listed_done(locks, options)) + "\n");
  } else if (records.empty()) {
    session.talk.note(nothing_found(options) + " in " + shown(store->url()));
  } else {
    write_result(list_text(records, std::chrono::system_clock::now(), session.results) +
                 count_text(records.size(), store->url()));
  }
  return to_int(ExitCode::done);
}

}  // namespace

Subcommand add_list(CLI::App& app, Session& session) {
  auto options = std::make_shared<ListOptions>();
  CLI::App* const parser = app.add_subcommand("list", "Show the locks that are held");
  parser->add_option("PATTERN", options->pattern,
                     "Of names: * is any text, ? one character, [...] one of several");
  parser->add_option("--key", options->key, "Instead of PATTERN: the lock at this key only")
      ->type_name("KEY");
  parser
      ->add_option("--sort", options->order,
                   "name (the default; job-2 before job-10), age, ttl (what is left of it) or "
                   "waiting")
      ->type_name("ORDER");
  parser->add_flag("--json", options->json,
                   "Print a JSON array, with the free locks that run --once-per has done");
  parser->footer("  exclusive-lock list 'night*' --sort age\n");
  return {.parser = parser,
          .check = [options, parser,
                    &session] { check(*options, parser->count("PATTERN") > 0, session); },
          .act = [options, &session] { return list(*options, session); }};
}

}  // namespace exclusive_lock::cli
