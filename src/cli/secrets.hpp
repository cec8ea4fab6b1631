#pragma once
// Passwords that arrive in places that others can read (G11): the argument list, which `ps` shows
// to every user of the machine, and the environment, which is handed to children.

#include <string>
#include <string_view>
#include <vector>

namespace exclusive_lock::cli {

// The arguments after the program's name. In the memory that `ps` reads, what stands between "://"
// and the last
// '@' is overwritten with '*': all of the user information, as a password is easily put in the
// user's place. To be called before anything else: until then, everybody can read it.
std::vector<std::string> take_arguments(int argc, char** argv);

// Overwrites a text in place in the same way.
void scrub_url(char* text);

// The URL without its user information. Cuts too much rather than too little where the URL is
// malformed.
std::string without_credentials(std::string_view url);

}  // namespace exclusive_lock::cli
