#pragma once
// What all store URLs have in common when they are wrong. Nothing of the URL is quoted here.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connect/url_parts.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock {

// `part`: "host", "port"; the field is then "store URL: host".
void add_mistake(std::vector<Mistake>& mistakes, std::string_view part, std::string problem,
                 std::string allowed);

// The part without its percent-encoding; none, and a mistake added, where that is broken or hides a
// NUL.
std::optional<std::string> decoded_part(std::string_view part, std::string_view text,
                                        std::vector<Mistake>& mistakes);

void refuse_query(const UrlParts& parts, std::vector<Mistake>& mistakes);
void refuse_fragment(const UrlParts& parts, std::vector<Mistake>& mistakes);

}  // namespace exclusive_lock
