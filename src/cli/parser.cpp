#include "cli/parser.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <iterator>

#include "cli/output/terminal.hpp"
#include "cli/secrets.hpp"
#include "cli/suggestion.hpp"

namespace exclusive_lock::cli {
namespace {

class HelpStyle : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string name) const override {
    if (app->get_name() == "run") {
      return "Usage: exclusive-lock run [OPTIONS] NAME -- COMMAND [ARGUMENTS...]\n";
    }
    const bool is_subcommand = app->get_parent() != nullptr;
    return CLI::Formatter::make_usage(app, is_subcommand ? "exclusive-lock " + name : name);
  }
};

bool takes_a_value(const CLI::Option* option) {
  return option != nullptr && option->get_items_expected_min() > 0;
}

// The first argument that is neither an option nor an option's value.
std::string subcommand_of(const CLI::App& app, const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument.empty() || argument.front() != '-') {
      return argument;
    }
    // "--store=URL" is no option's name, and takes no other
    i += takes_a_value(app.get_option_no_throw(argument)) ? 1 : 0;
  }
  return {};
}

// What can be given to the command, or to the subcommand that was chosen.
class KnownOptions {
 public:
  KnownOptions(const CLI::App& app, const std::string& subcommand) : apps_{&app} {
    const auto chosen = [&](const CLI::App* one) { return one->get_name() == subcommand; };
    std::ranges::copy(app.get_subcommands(chosen), std::back_inserter(apps_));
  }

  // Null where there is none.
  const CLI::Option* find(const std::string& name) const {
    for (const CLI::App* app : apps_) {
      if (const CLI::Option* const found = app->get_option_no_throw(name)) {
        return found;
      }
    }
    return nullptr;
  }

 private:
  std::vector<const CLI::App*> apps_;
};

// Throws where the argument gives a value to a flag, such as "-v=1".
bool next_is_value_of(const std::string& argument, const KnownOptions& options) {
  if (argument.starts_with("--")) {
    return takes_a_value(options.find(argument));
  }
  for (std::size_t i = 1; argument.starts_with('-') && i < argument.size(); ++i) {
    const std::string name = {'-', argument[i]};
    const std::string rest = argument.substr(i + 1);
    const CLI::Option* const option = options.find(name);
    if (option == nullptr || takes_a_value(option)) {
      return option != nullptr && rest.empty();
    }
    if (!rest.empty() && std::isalnum(static_cast<unsigned char>(rest.front())) == 0) {
      throw CLI::ValidationError(name, "takes no value, but \"" + shown(without_credentials(rest)) +
                                           "\" is written right behind it; give it as an argument "
                                           "of its own, or leave it out");
    }
  }
  return false;
}

void append_option_names(const CLI::App& app, std::vector<std::string>& names) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      names.push_back("--" + name);
    }
  }
}

std::string hint_for(const CLI::App& app, const std::string& word) {
  const auto chosen = app.get_subcommands();
  std::vector<std::string> known;
  if (!word.empty() && word.front() == '-') {
    append_option_names(app, known);
    for (const CLI::App* subcommand : chosen) {
      append_option_names(*subcommand, known);
    }
  } else if (chosen.empty()) {
    for (const CLI::App* subcommand : app.get_subcommands([](const CLI::App*) { return true; })) {
      known.push_back(subcommand->get_name());
    }
  }
  const auto meant = nearest(word.substr(0, word.find('=')), known);
  return meant ? "; did you mean " + *meant + "?" : "";
}

}  // namespace

SplitArguments split(const CLI::App& app, std::vector<std::string> arguments) {
  const auto mark = std::find(arguments.begin(), arguments.end(), "--");
  const std::vector<std::string> before(arguments.begin(), mark);
  if (mark == arguments.end() || subcommand_of(app, before) != "run") {
    return {.own = std::move(arguments), .command = {}};
  }
  return {.own = before, .command = {mark + 1, arguments.end()}};
}

void set_help_style(CLI::App& app) {
  auto style = std::make_shared<HelpStyle>();
  style->column_width(34);
  app.formatter(style);
}

void refuse_empty_values(const std::vector<std::string>& own) {
  for (const std::string& argument : own) {
    if (argument == "--") {
      return;
    }
    if (argument.size() > 3 && argument.compare(0, 2, "--") == 0 &&
        argument.find('=') == argument.size() - 1) {
      throw CLI::ValidationError(
          shown(without_credentials(argument.substr(0, argument.size() - 1))),
          "has an empty value; leave it out");
    }
  }
}

void refuse_values_of_flags(const CLI::App& app, const std::vector<std::string>& own) {
  const KnownOptions options(app, subcommand_of(app, own));
  for (std::size_t i = 0; i < own.size() && own[i] != "--"; ++i) {
    i += next_is_value_of(own[i], options) ? 1 : 0;
  }
}

// A store URL that stands in the wrong place is no less secret there. What is quoted is made safe
// before it is cut: behind the cut nobody sees the '@' that ends a password.
std::string explain(const CLI::Error& error, const CLI::App& app) {
  const auto words = app.remaining(true);
  const auto chosen = app.get_subcommands();
  const bool is_extra = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
  const bool lacks_subcommand =
      chosen.empty() && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
  if (words.empty() || !(is_extra || lacks_subcommand)) {
    return lacks_subcommand ? "what is to be done? run, acquire, refresh, release, inspect or list"
                            : fit_for_terminal(without_credentials(error.what()));
  }
  const std::string word = without_credentials(words.front());
  const bool is_option = !word.empty() && word.front() == '-';
  const char* const what = is_option        ? "unknown option "
                           : chosen.empty() ? "unknown command "
                                            : "unexpected argument ";
  std::string text = what + shown(word.substr(0, word.find('=')));
  if (!is_option && !chosen.empty() && chosen.front()->get_name() == "run") {
    return text + "; put -- before the command: exclusive-lock run NAME -- COMMAND";
  }
  return text + hint_for(app, word);
}

}  // namespace exclusive_lock::cli
