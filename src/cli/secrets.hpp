#pragma once
// Removes passwords from places that others can read (G11): the argument list, which `ps` shows to
// every user of the machine, and the environment, which children inherit.

#include <string>
#include <string_view>
#include <vector>

namespace exclusive_lock::cli {

// The arguments after the program's name. In the memory that `ps` reads, overwrites the text
// between "://" and the last '@' with '*': all of the user information, because a password may be
// in the user's place by mistake. Call it before anything else: until then every user can read it.
std::vector<std::string> take_arguments(int argc, char** argv);

// Overwrites a text in the same way.
void scrub_url(char* text);

// The URL without its user information. Removes too much rather than too little if the URL is
// malformed.
std::string without_credentials(std::string_view url);

}  // namespace exclusive_lock::cli
