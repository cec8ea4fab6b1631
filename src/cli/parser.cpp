#include "cli/parser.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>

#include "cli/output/terminal.hpp"
#include "cli/secrets.hpp"
#include "cli/suggestion.hpp"

namespace exclusive_lock::cli {
namespace {

bool takes_a_value(const CLI::Option* option) {
  return option != nullptr && option->get_items_expected_min() > 0;
}

bool is_option(const std::string& argument) {
  return argument.size() > 1 && argument.front() == '-';
}

std::vector<const CLI::App*> subcommands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

// The subcommand that has this name in other programs.
std::string other_word_for(const std::string& word) {
  static const std::map<std::string, std::string> meant{
      {"help", "--help"},    {"version", "--version"}, {"status", "inspect"}, {"show", "inspect"},
      {"info", "inspect"},   {"get", "inspect"},       {"unlock", "release"}, {"free", "release"},
      {"rm", "release"},     {"delete", "release"},    {"lock", "run"},       {"exec", "run"},
      {"start", "run"},      {"ls", "list"},           {"ps", "list"},        {"renew", "refresh"},
      {"extend", "refresh"}, {"keepalive", "refresh"}, {"hold", "acquire"},   {"take", "acquire"}};
  const auto found = meant.find(word);
  return found != meant.end() ? found->second : "";
}

class ArgumentScan {
 public:
  ArgumentScan(const CLI::App& app, std::vector<Mistake>& mistakes)
      : app_(app), apps_{&app}, mistakes_(mistakes) {}

  std::vector<std::string> valid_arguments(const std::vector<std::string>& own) {
    for (std::size_t i = 0; i < own.size() && !is_finished_; ++i) {
      const std::string* const next = i + 1 < own.size() ? &own[i + 1] : nullptr;
      if (own[i] == "--") {
        valid_.insert(valid_.end(), own.begin() + static_cast<std::ptrdiff_t>(i), own.end());
        break;
      }
      if (own[i].starts_with("--")) {
        i += take_long(own[i], next);
      } else if (is_option(own[i])) {
        i += take_short(own[i], next);
      } else {
        take_word(own[i]);
      }
    }
    if (!subcommand_ && !is_finished_ && !asks_for_help_) {
      add("a subcommand", "is required: run, acquire, refresh, release, inspect or list");
    }
    return valid_;
  }

  // The first word that is neither an option nor an option's value.
  static std::string subcommand_word(const CLI::App& app, const std::vector<std::string>& own) {
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (!is_option(own[i])) {
        return own[i];
      }
      // "--store=URL" is not an option's name, so the next argument is not its value.
      i += takes_a_value(app.get_option_no_throw(own[i])) ? 1 : 0;
    }
    return {};
  }

 private:
  void add(std::string field, std::string problem) {
    mistakes_.push_back({std::move(field), std::move(problem), ""});
  }

  void take_word(const std::string& word) {
    if (!subcommand_) {
      for (const CLI::App* one : subcommands_of(app_)) {
        if (one->get_name() == word) {
          subcommand_ = one;
          apps_.push_back(one);
        }
      }
      if (!subcommand_) {
        is_finished_ = true;  // the meaning of all further arguments depends on the subcommand
        add("unknown command", shown_word(word) + hint(subcommand_meant(word)));
        return;
      }
    }
    valid_.push_back(word);
  }

  // Returns how many of the following arguments belong to this one.
  std::size_t take_long(const std::string& argument, const std::string* next) {
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    const CLI::Option* const option = find(name);
    if (option == nullptr) {
      return take_unknown(argument, equals == std::string::npos ? next : nullptr);
    }
    if (!takes_a_value(option)) {
      asks_for_help_ = asks_for_help_ || name == "--help" || name == "--version";
      if (equals != std::string::npos) {
        add(name, "takes no value");
      } else {
        valid_.push_back(argument);
      }
      return 0;
    }
    if (equals != std::string::npos) {
      if (equals + 1 == argument.size()) {
        add(name, "has an empty value; remove the option or give a value");
      } else if (is_first(name, option)) {
        valid_.push_back(argument);
      }
      return 0;
    }
    return take_with_next(argument, name, option, next);
  }

  std::size_t take_short(const std::string& argument, const std::string* next) {
    for (std::size_t i = 1; i < argument.size(); ++i) {
      const std::string name = {'-', argument[i]};
      const std::string rest = argument.substr(i + 1);
      const CLI::Option* const option = find(name);
      if (option == nullptr) {
        return take_unknown(i == 1 ? argument : name, nullptr);
      }
      asks_for_help_ = asks_for_help_ || name == "-h";
      if (takes_a_value(option)) {
        if (rest.empty()) {
          return take_with_next(argument, name, option, next);
        }
        if (is_first(name, option)) {
          valid_.push_back(argument);
        }
        return 0;
      }
      if (!rest.empty() && std::isalnum(static_cast<unsigned char>(rest.front())) == 0) {
        add(name + ":", "takes no value, but \"" + shown_word(rest) +
                            "\" follows it directly; separate it with a blank, or remove it");
        return 0;
      }
    }
    valid_.push_back(argument);
    return 0;
  }

  std::size_t take_with_next(const std::string& argument, const std::string& name,
                             const CLI::Option* option, const std::string* next) {
    if (next == nullptr) {
      add(name, "needs a value: " + option->get_type_name());
      return 0;
    }
    if (is_first(name, option)) {
      valid_.insert(valid_.end(), {argument, *next});
    }
    return 1;
  }

  // If the option that was probably meant takes a value, the next argument is that value.
  std::size_t take_unknown(const std::string& argument, const std::string* next) {
    const std::string word = without_credentials(argument);
    const std::string name = word.substr(0, word.find('='));
    const auto meant = nearest(name, option_names());
    add("unknown option", shown(name) + hint(meant.value_or("")));
    return meant && next != nullptr && takes_a_value(find(*meant)) && !is_option(*next) ? 1 : 0;
  }

  bool is_first(const std::string& name, const CLI::Option* option) {
    const bool is_first = seen_.insert(option).second;
    if (!is_first) {
      add(name, "is given more than once");
    }
    return is_first;
  }

  // An option of the command, or of the chosen subcommand. Null: there is none.
  [[nodiscard]] const CLI::Option* find(const std::string& name) const {
    for (const CLI::App* app : apps_) {
      if (const CLI::Option* const found = app->get_option_no_throw(name)) {
        return found;
      }
    }
    return nullptr;
  }

  [[nodiscard]] std::vector<std::string> option_names() const {
    std::vector<std::string> names;
    for (const CLI::App* app : apps_) {
      for (const CLI::Option* option : app->get_options()) {
        for (const std::string& name : option->get_lnames()) {
          names.push_back("--" + name);
        }
      }
    }
    return names;
  }

  [[nodiscard]] std::string subcommand_meant(const std::string& word) const {
    if (std::string other = other_word_for(word); !other.empty()) {
      return other;
    }
    std::vector<std::string> names;
    for (const CLI::App* one : subcommands_of(app_)) {
      names.push_back(one->get_name());
    }
    return nearest(word, names).value_or("");
  }

  static std::string hint(const std::string& meant) {
    return meant.empty() ? "" : "; did you mean " + meant + "?";
  }

  const CLI::App& app_;
  std::vector<const CLI::App*> apps_;
  std::vector<Mistake>& mistakes_;
  std::vector<std::string> valid_;
  std::set<const CLI::Option*> seen_;
  const CLI::App* subcommand_ = nullptr;
  bool is_finished_ = false;
  bool asks_for_help_ = false;
};

}  // namespace

std::string shown_word(const std::string& word) { return shown(without_credentials(word), 64); }

SplitArguments split(const CLI::App& app, std::vector<std::string> arguments) {
  const auto mark = std::find(arguments.begin(), arguments.end(), "--");
  const std::vector<std::string> before(arguments.begin(), mark);
  if (mark == arguments.end() || ArgumentScan::subcommand_word(app, before) != "run") {
    return {.own = std::move(arguments), .command = {}};
  }
  return {.own = before, .command = {mark + 1, arguments.end()}};
}

std::vector<std::string> without_mistakes(const CLI::App& app, const std::vector<std::string>& own,
                                          std::vector<Mistake>& mistakes) {
  return ArgumentScan(app, mistakes).valid_arguments(own);
}

void append_extra_arguments(const CLI::App& app, std::vector<Mistake>& mistakes) {
  // After an unknown option, an argument may be the option's value.
  const bool may_be_a_value = std::ranges::any_of(
      mistakes, [](const Mistake& one) { return one.field == "unknown option"; });
  auto extras = app.remaining(true);
  if (const auto mark = std::ranges::find(extras, "--"); mark != extras.end()) {
    extras.erase(mark);  // CLI11 counts "--" as an extra argument
  }
  const auto chosen = app.get_subcommands();
  if (extras.empty() || may_be_a_value || chosen.empty()) {
    return;
  }
  if (chosen.front()->get_name() == "run") {
    mistakes.push_back({"unexpected argument",
                        shown_word(extras.front()) +
                            "; put -- before the command: exclusive-lock run "
                            "NAME -- COMMAND",
                        ""});
    return;
  }
  for (const std::string& extra : extras) {
    mistakes.push_back({"unexpected argument", shown_word(extra), ""});
  }
}

Mistake unexpected_mistake(const CLI::Error& error) {
  return {"the arguments", "are refused: " + fit_for_terminal(without_credentials(error.what())),
          ""};
}

}  // namespace exclusive_lock::cli
