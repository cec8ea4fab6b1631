#include "cli/help.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <string_view>

#include "cli/exit_codes.hpp"
#include "cli/output/terminal.hpp"

namespace exclusive_lock::cli {
namespace {

constexpr std::size_t max_width = 80;
constexpr std::size_t left_width = 26;

struct VariableMeaning {
  std::string_view name;
  std::string_view meaning;
};

constexpr std::array variables_read{
    VariableMeaning{"EXCLUSIVE_LOCK_STORE", "the store, if --store is not given"},
    VariableMeaning{"EXCLUSIVE_LOCK_CREDENTIALS",
                    "\"password\" or \"user:password\" for the store"},
    VariableMeaning{"EXCLUSIVE_LOCK_CREDENTIALS_FILE",
                    "as --credentials-file; this and the next two: without --store only"},
    VariableMeaning{"EXCLUSIVE_LOCK_CA_FILE", "as --ca-file"},
    VariableMeaning{"EXCLUSIVE_LOCK_KEY_PREFIX", "as --key-prefix"},
    VariableMeaning{"NO_COLOR", "set and not empty: no colour"},
};

constexpr std::array variables_given{
    VariableMeaning{"EXCLUSIVE_LOCK_NAME", "NAME"},
    VariableMeaning{"EXCLUSIVE_LOCK_KEY", "the store's key"},
    VariableMeaning{"EXCLUSIVE_LOCK_OWNER", "the owner, as inspect shows it"},
    VariableMeaning{"EXCLUSIVE_LOCK_OWNERS", "the owners of all enclosing runs and of this one"},
    VariableMeaning{"EXCLUSIVE_LOCK_FENCE", "a number that grows with every hold of this name"},
    VariableMeaning{"EXCLUSIVE_LOCK_SAFE_UNTIL_MS",
                    "the end of the safe hold at the start, in ms of CLOCK_BOOTTIME"},
};

// The text, beginning in `column`; further lines are indented to it.
std::string wrapped(std::string_view text, std::size_t column) {
  std::string lines;
  std::size_t at = column;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (at > column && at + 1 + word.size() > max_width) {
      lines += "\n" + std::string(column, ' ');
      at = column;
    }
    lines.append(at > column ? 1 : 0, ' ').append(word);
    at += word.size() + (at > column ? 1 : 0);
  }
  return lines + "\n";
}

std::string entry(std::string_view left, std::string_view text, std::size_t width = left_width) {
  std::string line = "  " + std::string(left);
  if (line.size() + 2 > width) {
    line += "\n" + std::string(width, ' ');
  } else {
    line.resize(width, ' ');
  }
  return line + wrapped(text, width);
}

std::string names_of(const CLI::Option& option) {
  std::string text;
  for (const std::string& name : option.get_snames()) {
    text += "-" + name;
  }
  for (const std::string& name : option.get_lnames()) {
    text += (text.empty() ? "    --" : ", --") + name;
  }
  if (option.get_positional()) {
    return option.get_name(true);
  }
  return option.get_items_expected_max() > 0 ? text + " " + option.get_type_name() : text;
}

std::string options_of(const CLI::App& app, bool positionals,
                       const CLI::Option* left_out = nullptr) {
  std::string text;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional() == positionals && option != left_out) {
      text += entry(names_of(*option), option->get_description());
    }
  }
  return text;
}

std::string usage_of(const CLI::App& app) {
  const std::string& name = app.get_name();
  if (app.get_parent() == nullptr) {
    return "Usage: exclusive-lock COMMAND [OPTIONS] ...\n";
  }
  std::string text = "Usage: exclusive-lock " + name + " [OPTIONS]";
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      text += name == "list" ? " [PATTERN]" : " " + option->get_name(true);
    }
  }
  return text + (name == "run" ? " -- COMMAND [ARGUMENTS...]" : "") + "\n";
}

std::string list_of_subcommands(const CLI::App& app) {
  std::string text;
  for (const CLI::App* one : app.get_subcommands([](const CLI::App*) { return true; })) {
    text += entry(one->get_name(), one->get_description(), 12);
  }
  return text;
}

// The parts of a meaning that apply to this subcommand. "`run`: ..." applies to run only; a part
// without a name applies to all.
std::string meaning_for(std::string_view meaning, const std::string& subcommand) {
  std::string text;
  bool concerns = true;
  while (!meaning.empty()) {
    const auto end = meaning.find("; ");
    const std::string_view part = meaning.substr(0, end);
    meaning.remove_prefix(end == std::string_view::npos ? meaning.size() : end + 2);
    const auto colon = part.find(": ");
    const auto names = part.substr(0, colon == std::string_view::npos ? 0 : colon);
    if (names.starts_with('`') || names.starts_with("for `")) {
      concerns = subcommand.empty() || names.find("`" + subcommand) != std::string_view::npos;
    }
    if (concerns) {
      text += (text.empty() ? "" : "; ") + std::string(part);
    }
    concerns = true;
  }
  std::erase(text, '`');
  return text;
}

std::string exit_codes_for(const std::string& subcommand) {
  std::string text = "\nExit codes:\n";
  for (const ExitCodeMeaning& one : exit_code_meanings) {
    if (const std::string meaning = meaning_for(one.meaning, subcommand); !meaning.empty()) {
      text += entry(one.spelled, meaning, 10);
    }
  }
  return text;
}

std::string variables_for_people(std::string_view head, const auto& variables) {
  constexpr std::size_t width = 35;
  std::string text = "\n" + std::string(head) + ":\n";
  for (const VariableMeaning& one : variables) {
    text += entry(one.name, one.meaning, width);
  }
  return text;
}

}  // namespace

std::string help_for(const CLI::App& app) {
  const CLI::App* const whole = app.get_parent();
  const bool is_run = whole == nullptr || app.get_name() == "run";
  std::string text = usage_of(app) + "\n" + wrapped(app.get_description(), 0);
  if (whole == nullptr) {
    text += "\nCommands:\n" + list_of_subcommands(app) + "\nOptions of every command:\n" +
            options_of(app, false);
  } else {
    text += "\n" + options_of(app, true) + "\nOptions:\n" + options_of(app, false) +
            "\nOptions of every command:\n" + options_of(*whole, false, whole->get_help_ptr());
  }
  text += "\nDurations are a number and a unit: 500ms, 2s, 1.5s, 10m, 1h, 7d, 1h30m.\n";
  text += "\nExample:\n" + app.get_footer();
  text += exit_codes_for(whole == nullptr ? "" : app.get_name());
  text += variables_for_people("Environment", variables_read);
  if (is_run) {
    text += variables_for_people("Set for the command of run, with the above except passwords",
                                 variables_given);
  }
  return text;
}

}  // namespace exclusive_lock::cli
