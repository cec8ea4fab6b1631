#include "connect/url_mistakes.hpp"

#include <utility>

namespace exclusive_lock {

void add_mistake(std::vector<Mistake>& mistakes, std::string_view part, std::string problem,
                 std::string allowed) {
  mistakes.push_back({"store URL: " + std::string(part), std::move(problem), std::move(allowed)});
}

std::optional<std::string> decoded_part(std::string_view part, std::string_view text,
                                        std::vector<Mistake>& mistakes) {
  auto bytes = percent_decoded(text);
  if (!bytes) {
    add_mistake(mistakes, part, "has a '%' that two hexadecimal digits do not follow",
                "'%25' for a '%'");
  } else if (bytes->find('\0') != std::string::npos) {
    add_mistake(mistakes, part, "holds a NUL (%00)", "any other byte");
    bytes.reset();
  }
  return bytes;
}

void refuse_query(const UrlParts& parts, std::vector<Mistake>& mistakes) {
  if (parts.query) {
    add_mistake(mistakes, "query", "is not taken by " + parts.scheme + ":",
                "none; '%3F' for a '?'");
  }
}

void refuse_fragment(const UrlParts& parts, std::vector<Mistake>& mistakes) {
  if (parts.fragment) {
    add_mistake(mistakes, "fragment", "is not taken", "none; '%23' for a '#'");
  }
}

}  // namespace exclusive_lock
