#pragma once
// The fuzz targets: each takes any bytes, and aborts where a property does not hold that must hold
// for all of them. What that is stands at the head of its file.
//
// libFuzzer calls them through entry.cpp; the tests call them with the inputs in corpus/
// (tests/fuzz). They throw nothing, and depend on nothing but the input.
//
// Whoever adds one: a file here, its line below, its name in targets.cmake, and a few inputs in
// corpus/<name>.

#include <array>
#include <string_view>

#include "property.hpp"

namespace exclusive_lock::fuzz {

void check_arguments(Bytes bytes);
void check_duration(Bytes bytes);
void check_json(Bytes bytes);
void check_list(Bytes bytes);
void check_local_file(Bytes bytes);
void check_names(Bytes bytes);
void check_printable(Bytes bytes);
void check_push(Bytes bytes);
void check_record(Bytes bytes);
void check_resp(Bytes bytes);
void check_script_reply(Bytes bytes);
void check_store_url(Bytes bytes);

struct Target {
  std::string_view name;
  void (*check)(Bytes bytes);
};

inline constexpr std::array targets{
    Target{"arguments", check_arguments},
    Target{"duration", check_duration},
    Target{"json", check_json},
    Target{"list", check_list},
    Target{"local_file", check_local_file},
    Target{"names", check_names},
    Target{"printable", check_printable},
    Target{"push", check_push},
    Target{"record", check_record},
    Target{"resp", check_resp},
    Target{"script_reply", check_script_reply},
    Target{"store_url", check_store_url},
};

}  // namespace exclusive_lock::fuzz
