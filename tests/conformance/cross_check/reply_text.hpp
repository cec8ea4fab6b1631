#pragma once
// All that a reply says, as text to compare and to show.

#include <cstddef>
#include <string>

#include "core/protocol.hpp"

namespace exclusive_lock::conformance {

std::string text_of(const Answer<AttemptReply>& answer);
std::string text_of(const Answer<HeartbeatReply>& answer);
std::string text_of(const Answer<RefreshReply>& answer);
std::string text_of(const Answer<ReleaseReply>& answer);
std::string text_of(const Answer<InspectReply>& answer);
// Where fewer are told than there are, which ones is the store's choice: only how many is said.
std::string text_of(const Answer<ListReply>& answer, std::size_t most);
std::string text_of(const Answer<ListMarksReply>& answer, std::size_t most);
std::string text_of(const Answer<RemoveReply>& answer);
std::string text_of(const Answer<ForgetReply>& answer);

}  // namespace exclusive_lock::conformance
