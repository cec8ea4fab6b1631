#include "cli/store_options.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <system_error>

#include "cli/environment.hpp"
#include "cli/output/talk.hpp"
#include "cli/output/write.hpp"
#include "cli/parser.hpp"
#include "cli/secrets.hpp"
#include "exclusive_lock/error.hpp"
#include "os/descriptors.hpp"

namespace exclusive_lock::cli {
namespace {

// None: `target` was set. Otherwise what is wrong.
template <class Target>
std::optional<std::string> take_duration(const std::string& text, Target& target) {
  const auto parsed = parse_duration(text);
  if (std::holds_alternative<DurationProblem>(parsed)) {
    // The message quotes the text, which may be a store URL in the wrong place.
    const auto shown = parse_duration(without_credentials(text));
    const auto* wrong = std::get_if<DurationProblem>(&shown);
    return wrong != nullptr ? wrong->text : "is not a duration";
  }
  target = std::get<Milliseconds>(parsed);
  return std::nullopt;
}

template <class Target>
CLI::Option* add_duration_to(CLI::App& app, const std::string& names, Target& target,
                             const std::string& help, std::vector<Mistake>& mistakes) {
  const std::string name = names.substr(names.rfind("--"));
  const auto take = [&target, &mistakes, name](const std::string& text) {
    if (auto problem = take_duration(text, target)) {
      mistakes.push_back({name + ":", *std::move(problem), ""});
    }
  };
  return app.add_option_function<std::string>(names, take, help)->type_name("DURATION");
}

ConnectOptions connect_options(const StoreOptions& options, const Environment& environment) {
  ConnectOptions connect_options;
  connect_options.connect_timeout = options.connect_timeout;
  connect_options.retry_connect = options.retry_connect;
  connect_options.command_timeout = options.command_timeout;
  connect_options.credentials_file = options.credentials_file;
  connect_options.ca_file = options.ca_file;
  // A file named on the command line takes precedence over a variable, which may have been set
  // earlier for another store.
  if (options.credentials_file.empty() && environment.has_credentials() &&
      is_on_a_server(options.url.value_or("local:"))) {
    connect_options.credentials_variable = credentials_variable;
  }
  return connect_options;
}

std::string scheme_of(std::string_view url) {
  std::string scheme(url.substr(0, url.find(':')));
  std::ranges::transform(scheme, scheme.begin(), [](unsigned char c) { return std::tolower(c); });
  return scheme;
}

}  // namespace

CLI::Option* add_duration(CLI::App& app, const std::string& names, Milliseconds& target,
                          const std::string& help, std::vector<Mistake>& mistakes) {
  return add_duration_to(app, names, target, help, mistakes);
}

CLI::Option* add_duration(CLI::App& app, const std::string& names,
                          std::optional<Milliseconds>& target, const std::string& help,
                          std::vector<Mistake>& mistakes) {
  return add_duration_to(app, names, target, help, mistakes);
}

void add_whole_number(CLI::App& app, const std::string& names, const std::string& help,
                      std::size_t max, std::vector<Mistake>& mistakes,
                      std::function<void(std::size_t)> take) {
  const std::string name = names.substr(0, names.find(','));
  const auto read = [name, max, &mistakes, take = std::move(take)](const std::string& text) {
    std::size_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    if (error == std::errc{} && stopped == end && number <= max) {
      take(number);
      return;
    }
    mistakes.push_back(
        {name + ":", shown_word(text) + " is not a whole number from 0 to " + std::to_string(max),
         ""});
  };
  app.add_option_function<std::string>(names, read, help)->type_name("N");
}

void add_store_options(CLI::App& app, StoreOptions& options, std::vector<Mistake>& mistakes) {
  app.add_option(
         "-s,--store", options.url,
         "local:, local:///dir, redis://host[:port][/db], rediss://..., unix:///socket; default: "
         "EXCLUSIVE_LOCK_STORE, then local:")
      ->type_name("URL");
  app.add_option("--credentials-file", options.credentials_file,
                 "File with \"password\" or \"user:password\" for the store")
      ->type_name("FILE");
  app.add_option("--ca-file", options.ca_file, "rediss: trust these certificates, not the system's")
      ->type_name("FILE");
  add_duration(app, "--connect-timeout", options.connect_timeout,
               "Limit for connecting; default 5s", mistakes);
  add_duration(app, "--command-timeout", options.command_timeout,
               "Limit for each reply of the store; default 1s", mistakes);
  app.add_option("--key-prefix", options.given_key_prefix,
                 "Prefix of the store's keys; default exclusive-lock")
      ->type_name("PREFIX");
  app.add_flag("-v,--verbose", options.verbose, "Report on stderr what is done");
  app.add_flag("-q,--quiet", options.quiet, "Report only errors on stderr");
}

void take_variables(StoreOptions& options, const Environment& environment) {
  const auto take = [&](std::string& target, const char* variable) {
    if (target.empty()) {
      target = environment.value_of(variable).value_or("");
    }
  };
  if (!options.url) {
    // The variables describe the store in EXCLUSIVE_LOCK_STORE, and might not fit another one.
    if (!environment.has_credentials()) {
      take(options.credentials_file, credentials_file_variable);
    }
    take(options.ca_file, ca_file_variable);
    options.key_prefix = environment.value_of(key_prefix_variable).value_or(options.key_prefix);
    options.url = environment.store_url().value_or("local:");
  }
  options.key_prefix = options.given_key_prefix.value_or(options.key_prefix);
}

void check_store_options(const StoreOptions& options, const Environment& environment,
                         std::vector<Mistake>& mistakes) {
  if (options.verbose && options.quiet) {
    mistakes.push_back({"--quiet", "excludes --verbose", ""});
  }
  // A memory store excludes no other process, and ends with this one.
  if (scheme_of(options.url.value_or("local:")) == "memory") {
    mistakes.push_back({"the store", "is memory:, which would keep no other process out",
                        "local: for the processes of this user, or the URL of a server"});
  }
  if (options.url == "" && environment.store_url() == "") {
    mistakes.push_back({"EXCLUSIVE_LOCK_STORE", "is empty", "a store URL, or no such variable"});
    return;
  }
  for (Mistake& mistake : mistakes_in_connection(options.url.value_or("local:"),
                                                 connect_options(options, environment))) {
    mistakes.push_back(std::move(mistake));
  }
}

std::shared_ptr<Connection> open_store(const StoreOptions& options, const Environment& environment,
                                       Talk& talk) {
  // A write beyond the limit of ulimit -f is then an error (EFBIG). The job of a run does not
  // inherit this: its parent was forked before.
  std::signal(SIGXFSZ, SIG_IGN);
  ConnectOptions with = connect_options(options, environment);
  ConnectionLog log(talk, options.verbose);
  with.log = log.logger();
  auto connection = connect(options.url.value_or("local:"), with);
  log.connected();
  return connection;
}

std::vector<Variable> variables_for(const StoreOptions& options, const Connection& connection) {
  std::vector<Variable> variables{{store_variable, connection.url()},
                                  {key_prefix_variable, options.key_prefix}};
  const auto add_file = [&variables](const char* name, const std::string& file) {
    std::error_code error;
    // Only regular files: a pipe has been read already, and the child does not inherit this
    // process's descriptors.
    if (!file.empty() && std::filesystem::is_regular_file(file, error)) {
      variables.push_back({name, std::filesystem::absolute(file, error).string()});
    }
  };
  add_file(credentials_file_variable, options.credentials_file);
  add_file(ca_file_variable, options.ca_file);
  return variables;
}

std::string readable_again(const std::string& file) {
  struct stat status {};
  if (file.empty() || ::stat(file.c_str(), &status) != 0 || !S_ISFIFO(status.st_mode)) {
    return file;
  }
  const Descriptor pipe(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  const int copy = ::memfd_create("credentials", MFD_CLOEXEC);
  std::array<char, 8192> bytes{};  // twice the maximum size of credentials
  std::size_t size = 0;
  for (ssize_t got = 1; got > 0 && size < bytes.size(); size += static_cast<std::size_t>(got)) {
    got = std::max<ssize_t>(0, ::read(pipe.get(), bytes.data() + size, bytes.size() - size));
  }
  if (copy == -1 || write_all(copy, {bytes.data(), size})) {
    return file;
  }
  return "/proc/self/fd/" + std::to_string(copy);
}

bool frees_on_process_end(const StoreOptions& options) {
  return !is_on_a_server(options.url.value_or("local:"));
}

bool is_on_a_server(std::string_view url) {
  const std::string scheme = scheme_of(url);
  return scheme != "local" && scheme != "memory";
}

}  // namespace exclusive_lock::cli
