// Store URLs and what connect() checks beside them.
//
// - No mistake holds a password, wherever in the URL it stands (G11), or anything that a terminal
//   obeys; each says what is wrong and what is allowed (G10).
// - A URL that is taken comes out again without its credentials, and means the same.
// - What the command does to hide credentials from `ps` and from its child takes out all that the
//   library reads as a password.
//
// Input: client name, credentials, connect timeout in ms, each up to a NUL, then the URL. In all of
// them '\x01' stands for a password.

#include <charconv>

#include "cli/secrets.hpp"
#include "connect/connection_plan.hpp"
#include "targets.hpp"

namespace exclusive_lock::fuzz {
namespace {

void check_mistakes(const std::vector<Mistake>& mistakes) {
  for (const Mistake& mistake : mistakes) {
    require(!mistake.problem.empty() && !mistake.allowed.empty(), "a mistake says everything",
            mistake.field);
    for (const std::string& text : {mistake.field, mistake.problem, mistake.allowed}) {
      require_fit(text, "a mistake");
      require(!holds_password(text), "a mistake holds no password", text);
    }
  }
  require(!holds_password(ValidationError(mistakes).what()), "an error holds no password");
}

StoreUrl without_credentials(StoreUrl url) {
  if (auto* server = std::get_if<RedisUrl>(&url)) {
    server->credentials.reset();
  }
  return url;
}

void check_text(const StoreUrl& url) {
  const std::string text = text_without_credentials(url);
  require_fit(text, "a URL without credentials");
  const ParsedStoreUrl again = parse_store_url(text);
  // The longest URL that is taken can be longer once everything in it is percent-encoded.
  if (text.size() <= max_url_bytes) {
    require(again.mistakes.empty() && again.url == without_credentials(url),
            "a URL without credentials means the same", text);
  }
}

void check_hidden(const std::string& text, const StoreUrl& url) {
  const auto* const server = std::get_if<RedisUrl>(&url);
  if (server == nullptr || !server->credentials) {
    return;
  }
  const std::string passed_on = cli::without_credentials(text);
  const ParsedStoreUrl again = parse_store_url(passed_on);
  require(again.mistakes.empty() && again.url == without_credentials(url),
          "a child's URL is the same without credentials", passed_on);
  std::string seen = text;
  cli::scrub_url(seen.data());
  require(seen.size() == text.size(), "a URL is hidden in place", seen);
  // The host may have the password's name.
  require(holds_password(passed_on) || !holds_password(seen), "a hidden URL holds no password",
          seen);
}

}  // namespace

void check_store_url(Bytes bytes) {
  Input input(bytes);
  ConnectOptions options;
  options.client_name = with_password(input.text());
  const std::string credentials = with_password(input.text());
  if (!credentials.empty()) {
    options.credentials_variable = "STORE_PASSWORD";
  }
  const std::string timeout = input.text();
  std::int64_t timeout_ms = 1000;
  std::from_chars(timeout.data(), timeout.data() + timeout.size(), timeout_ms);
  options.connect_timeout = std::chrono::milliseconds(timeout_ms);
  const std::string text = with_password(input.rest());

  const ParsedStoreUrl parsed = parse_store_url(text);
  check_mistakes(parsed.mistakes);
  require(parsed.url || !parsed.mistakes.empty(), "without a URL there is a mistake", text);
  if (parsed.mistakes.empty()) {
    check_text(*parsed.url);
    check_hidden(text, *parsed.url);
  }
  try {
    const ConnectionPlan plan = plan_connection(
        text, options, [&](const std::string&) { return std::optional(credentials); });
    require(parsed.mistakes.empty(), "a URL with mistakes makes no plan", text);
    require(!plan.client_name.empty(), "a plan has a client name");
    require_fit(plan.client_name, "a client name");
  } catch (const ValidationError& error) {
    check_mistakes(error.mistakes());
  }
}

}  // namespace exclusive_lock::fuzz
