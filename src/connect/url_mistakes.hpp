#pragma once
// The mistakes that all store URLs share. No message quotes the URL.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connect/url_parts.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock {

// For `part` "host", the field of the mistake is "store URL: host".
void add_mistake(std::vector<Mistake>& mistakes, std::string_view part, std::string problem,
                 std::string allowed);

// Decodes the percent-encoding of a part. Returns none and adds a mistake if the encoding is not
// valid or contains a NUL.
std::optional<std::string> decoded_part(std::string_view part, std::string_view text,
                                        std::vector<Mistake>& mistakes);

void refuse_query(const UrlParts& parts, std::vector<Mistake>& mistakes);
void refuse_fragment(const UrlParts& parts, std::vector<Mistake>& mistakes);

}  // namespace exclusive_lock
