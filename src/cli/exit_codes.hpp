#pragma once
// The exit codes of the command. docs/cli.md has the same table (tests/cli/documentation_test.cpp).
//
// Sources: 64, 69, 70, 74 and 75 are from sysexits.h; 124, 126, 127 and 128+n are from timeout(1)
// and the shells, so that scripts that know them need no change. 79 and 80 follow the last code of
// sysexits.h. Otherwise `run` exits with the code of its command, which may be any of these; a line
// on stderr shows that a code is exclusive-lock's own.

#include <array>
#include <string_view>

namespace exclusive_lock::cli {

enum class ExitCode {
  done = 0,
  no = 1,
  usage = 64,
  store_unavailable = 69,
  internal = 70,
  output_failed = 74,
  busy = 75,
  lost = 79,
  held_too_long = 80,
  timed_out = 124,
  cannot_execute = 126,
  not_found = 127,
  signalled = 128,  // plus the signal's number
};

struct ExitCodeMeaning {
  ExitCode code;
  std::string_view spelled;
  std::string_view meaning;
};

inline constexpr std::array exit_code_meanings{
    ExitCodeMeaning{ExitCode::done, "0",
                    "done; for `run`: the command ended with 0, or `--once-per` had nothing to do"},
    ExitCodeMeaning{ExitCode::no, "1",
                    "`inspect`: the lock is free; `release --force`: you answered no"},
    ExitCodeMeaning{ExitCode::usage, "64",
                    "wrong options, name, duration or store URL; nothing was done"},
    ExitCodeMeaning{ExitCode::store_unavailable, "69",
                    "the store cannot be reached, refused, or did not answer"},
    ExitCodeMeaning{ExitCode::internal, "70",
                    "the system refused something, or an error in this program"},
    ExitCodeMeaning{ExitCode::output_failed, "74", "the result could not be written to stdout"},
    ExitCodeMeaning{ExitCode::busy, "75",
                    "`run`, `acquire`: another holder has the lock (`--no-wait`, `--wait 0s`), or "
                    "the `--conflict-exit-code`"},
    ExitCodeMeaning{ExitCode::lost, "79",
                    "`run`, `acquire`: the lock was lost while held; `refresh`, `release --owner`: "
                    "this owner does not hold it"},
    ExitCodeMeaning{ExitCode::held_too_long, "80",
                    "`run`: `--max-hold` has passed and the command was ended"},
    ExitCodeMeaning{ExitCode::timed_out, "124",
                    "`run`, `acquire`: another holder had the lock for all of `--wait`, or the "
                    "`--conflict-exit-code`"},
    ExitCodeMeaning{ExitCode::cannot_execute, "126",
                    "`run`: the command was found but could not be started"},
    ExitCodeMeaning{ExitCode::not_found, "127", "`run`: the command was not found"},
    ExitCodeMeaning{ExitCode::signalled, "128+n",
                    "signal n ended the command, or ended the wait for the lock"},
};

constexpr int to_int(ExitCode code) { return static_cast<int>(code); }
constexpr int exit_code_for_signal(int signal) { return to_int(ExitCode::signalled) + signal; }

}  // namespace exclusive_lock::cli
