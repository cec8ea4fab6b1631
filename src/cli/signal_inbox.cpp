#include "cli/signal_inbox.hpp"

#include <sys/signalfd.h>

#include <initializer_list>

#include "os/descriptors.hpp"

namespace exclusive_lock::cli {
namespace {

bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// All signals that can be passed on: those of people, terminals, service managers and timers.
sigset_t readable_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM,
                           SIGPROF, SIGWINCH, SIGCONT, SIGTSTP, SIGIO, SIGPWR, SIGURG}) {
    if (!is_ignored(signal)) {
      ::sigaddset(&set, signal);
    }
  }
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) {
    if (!is_ignored(signal)) {
      ::sigaddset(&set, signal);
    }
  }
  ::sigaddset(&set, SIGCHLD);
  return set;
}

void set_action(int signal, void (*handler)(int), struct sigaction* inherited) {
  struct sigaction action {};
  action.sa_handler = handler;
  checked(::sigaction(signal, &action, inherited), "sigaction");
}

}  // namespace

SignalInbox::SignalInbox() {
  // If SIGCHLD stayed ignored, the kernel would discard the status of children.
  set_action(SIGCHLD, SIG_DFL, &inherited_child_);
  set_action(SIGPIPE, SIG_IGN, &inherited_pipe_);
  const sigset_t readable = readable_signals();
  sigset_t blocked = readable;
  ::sigaddset(&blocked, SIGTTOU);
  checked(::sigprocmask(SIG_BLOCK, &blocked, &inherited_mask_), "sigprocmask");
  descriptor_ =
      Descriptor(checked(::signalfd(-1, &readable, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd"));
}

SignalInbox::~SignalInbox() { restore(); }

void SignalInbox::restore() const noexcept {
  ::sigaction(SIGCHLD, &inherited_child_, nullptr);
  ::sigaction(SIGPIPE, &inherited_pipe_, nullptr);
  ::sigprocmask(SIG_SETMASK, &inherited_mask_, nullptr);
}

std::optional<int> SignalInbox::next() {
  signalfd_siginfo info{};
  while (::read(descriptor_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (info.ssi_signo != SIGCHLD) {
      return static_cast<int>(info.ssi_signo);
    }
    on_child();
  }
  return std::nullopt;
}

bool SignalInbox::stop_this_process(int signal, bool whole_group) {
  sigset_t stop;
  ::sigemptyset(&stop);
  ::sigaddset(&stop, signal);
  sigset_t before;
  // If every other thread blocks a signal that a process sends to itself, it is delivered before
  // kill() returns (kill(2)).
  ::sigprocmask(SIG_UNBLOCK, &stop, &before);
  ::kill(whole_group ? 0 : ::getpid(), signal);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  sigset_t pending;
  ::sigemptyset(&pending);
  ::sigpending(&pending);
  return ::sigismember(&pending, SIGCONT) == 1;
}

bool ends_by_default(int signal) {
  switch (signal) {
    case SIGCHLD:
    case SIGCONT:
    case SIGTSTP:
    case SIGURG:
    case SIGWINCH:
      return false;
    default:
      return true;
  }
}

}  // namespace exclusive_lock::cli
