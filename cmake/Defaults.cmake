# What every target of this project is compiled with. Sanitizers come from the presets
# (CMAKE_CXX_FLAGS), so that every object, Boost's included, is compiled with them.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
# The same objects make the static and the shared library.
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

# Warnings of this project's own code; third-party headers are system headers. g++ 12 takes
# `"text" + std::string` for an overlapping copy when it optimises (GCC bug 105651).
add_library(exclusive_lock_warnings INTERFACE)
target_compile_options(exclusive_lock_warnings INTERFACE
  -Wall -Wextra $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<BOOL:${EXCLUSIVE_LOCK_WERROR}>:-Werror>)
