#include "cli/store_options.hpp"

#include <CLI/CLI.hpp>
#include <csignal>

#include "cli/environment.hpp"
#include "cli/output/talk.hpp"
#include "cli/secrets.hpp"

namespace exclusive_lock::cli {
namespace {

template <class Target>
CLI::Option* add_duration_to(CLI::App& app, const std::string& names, Target& target,
                             const std::string& help) {
  const std::string name = names.substr(names.rfind("--"));
  const auto take = [&target, name](const std::string& text) {
    const auto parsed = parse_duration(text);
    if (std::holds_alternative<DurationProblem>(parsed)) {
      // It quotes the text, which may be a store URL in the wrong place.
      const auto shown = parse_duration(without_credentials(text));
      const auto* wrong = std::get_if<DurationProblem>(&shown);
      throw CLI::ValidationError(name, wrong != nullptr ? wrong->text : "is not a duration");
    }
    target = std::get<Milliseconds>(parsed);
  };
  return app.add_option_function<std::string>(names, take, help)->type_name("DURATION");
}

std::string url_of(const StoreOptions& options, const Environment& environment) {
  return options.url.value_or(environment.store_url().value_or("local:"));
}

bool is_on_this_machine(std::string_view url) {
  const std::string_view scheme = url.substr(0, url.find(':'));
  return scheme == "local" || scheme == "memory";
}

}  // namespace

CLI::Option* add_duration(CLI::App& app, const std::string& names, Milliseconds& target,
                          const std::string& help) {
  return add_duration_to(app, names, target, help);
}

CLI::Option* add_duration(CLI::App& app, const std::string& names,
                          std::optional<Milliseconds>& target, const std::string& help) {
  return add_duration_to(app, names, target, help);
}

void add_store_options(CLI::App& app, StoreOptions& options) {
  app.add_option(
         "-s,--store", options.url,
         "Store URL: local:, local:///dir, redis://host, rediss://host, unix:///socket; default: "
         "EXCLUSIVE_LOCK_STORE, then local:")
      ->type_name("URL");
  app.add_option("--credentials-file", options.credentials_file,
                 "File with \"password\" or \"user:password\" for the store")
      ->type_name("FILE");
  app.add_option("--ca-file", options.ca_file, "rediss: trust these certificates, not the system's")
      ->type_name("FILE");
  add_duration(app, "--connect-timeout", options.connect_timeout,
               "How long the first contact may take; default 5s");
  add_duration(app, "--command-timeout", options.command_timeout,
               "How long the store may take to answer; default 1s");
  app.add_option("--key-prefix", options.key_prefix, "What the store's keys begin with")
      ->type_name("PREFIX")
      ->capture_default_str();
  app.add_flag("-v,--verbose", options.verbose, "Say on stderr what is being done");
}

bool frees_at_death(const StoreOptions& options, const Environment& environment) {
  return is_on_this_machine(url_of(options, environment));
}

std::shared_ptr<Connection> open_store(const StoreOptions& options, Environment& environment,
                                       Talk& talk) {
  // A file that would exceed the limit of ulimit -f is then an error (EFBIG). The job of a run is
  // started by a process that was forked before, so the signal is not ignored there.
  std::signal(SIGXFSZ, SIG_IGN);
  ConnectOptions connect_options;
  connect_options.connect_timeout = options.connect_timeout;
  connect_options.command_timeout = options.command_timeout;
  connect_options.credentials_file = options.credentials_file;
  connect_options.ca_file = options.ca_file;
  ConnectionLog log(talk, options.verbose);
  connect_options.log = log.logger();
  const std::string url = url_of(options, environment);
  // A file named on the command line is meant more than a variable that was set some time ago,
  // which may have been meant for another store than this one.
  if (options.credentials_file.empty() && environment.has_credentials() &&
      !is_on_this_machine(url)) {
    connect_options.credentials_variable = credentials_variable;
  }
  auto connection = connect(url, connect_options);
  log.connected();
  environment.forget_credentials();
  return connection;
}

}  // namespace exclusive_lock::cli
