#include "cli/failure_report.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "cli/exit_codes.hpp"
#include "cli/output/write.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock::cli {
namespace {

struct Spelling {
  std::string_view field;   // in the library's options
  std::string_view option;  // on the command line
};

constexpr std::array spellings{
    Spelling{"app_name", "NAME"},
    Spelling{"lock_ttl", "--ttl"},
    Spelling{"lock_refresh", "--refresh"},
    Spelling{"lock_contents", "--contents"},
    Spelling{"label", "--label"},
    Spelling{"key", "--key"},
    Spelling{"barging_limit", "--barging"},
    Spelling{"owner", "--owner"},
    Spelling{"allow_short_ttl", "--allow-short-ttl"},
    Spelling{"key_prefix", "--key-prefix"},
    Spelling{"credentials_file", "--credentials-file"},
    Spelling{"credentials_variable", "EXCLUSIVE_LOCK_CREDENTIALS"},
    Spelling{"ca_file", "--ca-file"},
    Spelling{"connect_timeout", "--connect-timeout"},
    Spelling{"command_timeout", "--command-timeout"},
};

// The command's option for a field of the library's options.
std::string as_typed(const std::string& field) {
  const auto* const found = std::find_if(spellings.begin(), spellings.end(),
                                         [&](const Spelling& one) { return one.field == field; });
  return found == spellings.end() ? field : std::string(found->option);
}

// The same within a sentence. Replaces only names with an underscore: others may be plain English.
std::string with_options_as_typed(std::string sentence) {
  for (const Spelling& one : spellings) {
    const bool is_plain = one.field.find('_') == std::string_view::npos;
    for (std::size_t at = is_plain ? std::string::npos : sentence.find(one.field);
         at != std::string::npos; at = sentence.find(one.field, at + one.option.size())) {
      sentence.replace(at, one.field.size(), one.option);
    }
  }
  return sentence;
}

// The command refuses the memory store, so its messages do not offer it.
std::string without_memory(std::string schemes) {
  constexpr std::string_view one = " memory:,";
  const auto at = schemes.find(one);
  return at == std::string::npos ? schemes : schemes.erase(at, one.size());
}

int report(const ValidationError& error, Talk& talk) {
  report_mistakes(error.mistakes(), talk);
  return to_int(ExitCode::usage);
}

// What a user of this command can do about the error.
const char* remedy_for(const std::error_code& code) {
  if (code == errc::store_unavailable) {
    return "is the store running, and is --store or EXCLUSIVE_LOCK_STORE right?";
  }
  if (code == errc::authentication_required || code == errc::wrong_password) {
    return "the password comes from EXCLUSIVE_LOCK_CREDENTIALS, --credentials-file or the store's "
           "URL";
  }
  if (code == errc::unsuitable_store || code == errc::store_corrupt) {
    return "another store can be named with --store";
  }
  return nullptr;
}

int report(const StoreError& error, Talk& talk) {
  talk.say(message_of(error));
  if (const char* const remedy = remedy_for(error.code())) {
    talk.say(remedy);
  }
  if (error.may_have_run()) {
    talk.say(
        "the store may have done it all the same; `exclusive-lock inspect NAME` shows what is "
        "there");
  }
  return to_int(ExitCode::store_unavailable);
}

}  // namespace

void report_mistakes(const std::vector<Mistake>& mistakes, Talk& talk) {
  for (const Mistake& mistake : mistakes) {
    const std::string allowed =
        mistake.allowed.empty()
            ? ""
            : "; allowed: " + with_options_as_typed(without_memory(mistake.allowed));
    talk.say(fit_for_terminal(as_typed(mistake.field) + " " + mistake.problem + allowed));
  }
}

// Removes the text that std::system_error appends: the library's messages already say it.
std::string message_of(const StoreError& error) {
  const std::string text = error.what();
  const std::string tail = ": " + error.code().message();
  const bool has_tail =
      text.size() > tail.size() && text.compare(text.size() - tail.size(), tail.size(), tail) == 0;
  return fit_for_terminal(has_tail ? text.substr(0, text.size() - tail.size()) : text);
}

int report_failure(std::exception_ptr failure, Talk& talk) {
  try {
    std::rethrow_exception(std::move(failure));
  } catch (const ValidationError& error) {
    return report(error, talk);
  } catch (const StoreError& error) {
    return report(error, talk);
  } catch (const OutputFailed& error) {
    talk.say(fit_for_terminal(error.what()));
    return to_int(ExitCode::output_failed);
  } catch (const std::exception& error) {
    talk.say("cannot continue: " + fit_for_terminal(error.what()));
    return to_int(ExitCode::internal);
  }
}

}  // namespace exclusive_lock::cli
