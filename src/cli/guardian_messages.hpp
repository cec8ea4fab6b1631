#pragma once
// The messages between the command and its guardian (guardian.hpp): of a fixed size, over a stream
// socket. The ChildPlan follows `start`.

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>

#include "cli/child_process.hpp"
#include "cli/descendants.hpp"

namespace exclusive_lock::cli {

// To the guardian.
struct Instruction {
  enum class Kind : std::uint8_t {
    start,      // number: whether the job becomes the terminal's foreground group
    pass_on,    // signal `number` to the job's process group
    terminate,  // TERM to all descendants
    kill        // KILL to all descendants, until `over`
  };
  Kind kind;
  int number = 0;
};

// From the guardian.
struct Report {
  enum class Kind : std::uint8_t {
    started,        // pid: the job
    not_started,    // number: errno; pid: its process group, or -1
    stopped,        // number: the signal
    exited,         // number: the code
    killed,         // number: the signal
    not_passed_on,  // error: errno; number: the signal
    timer_expired,  // the command did not set the timer anew; the guardian sends KILL
    left,           // could not be ended: pid, program, error as in Descendant
    over,           // after terminate or kill: none is left but those just reported as `left`
    guardian_gone   // not sent: the socket was closed, so the guardian has ended
  };
  Kind kind;
  int number = 0;
  int error = 0;
  pid_t pid = 0;
  bool is_alone = false;           // exited, killed: the job left no descendant
  std::array<char, 32> program{};  // ends with a null
};

Report survivor_report(const Descendant& survivor);
Descendant survivor_of(const Report& report);

// Each returns false if the other side is gone or the socket is full. Never blocks.
bool send_message(int socket, const Instruction& message);
bool send_message(int socket, const Report& message);
// None: no message for now. Sets `is_closed` if the other side is gone.
std::optional<Instruction> receive_instruction(int socket, bool& is_closed);
std::optional<Report> receive_report(int socket, bool& is_closed);

// Block until the whole plan is sent or received. False, none: the other side is gone.
bool send_plan(int socket, const ChildPlan& plan);
std::optional<ChildPlan> receive_plan(int socket);

}  // namespace exclusive_lock::cli
