# `cmake --install` and what lets others find the result: find_package(exclusive_lock) and
# `pkg-config --cflags --libs exclusive_lock`.
# Boost is used by sources only; of what is installed, async.hpp alone needs it, and its users bring it.
include(CMakePackageConfigHelpers)

set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/exclusive_lock")

install(TARGETS exclusive_lock EXPORT exclusive_lock_targets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
if(TARGET exclusive_lock_cli)
  if(BUILD_SHARED_LIBS)
    file(RELATIVE_PATH library_folder "/${CMAKE_INSTALL_BINDIR}" "/${CMAKE_INSTALL_LIBDIR}")
    set_target_properties(exclusive_lock_cli PROPERTIES INSTALL_RPATH "$ORIGIN/${library_folder}")
  endif()
  install(TARGETS exclusive_lock_cli RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/exclusive_lock"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.hpp")

install(EXPORT exclusive_lock_targets
  NAMESPACE exclusive_lock:: DESTINATION "${package_folder}")
configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/exclusive_lockConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/package/exclusive_lockConfig.cmake"
  INSTALL_DESTINATION "${package_folder}")
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/package/exclusive_lockConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/package/exclusive_lockConfig.cmake"
  "${PROJECT_BINARY_DIR}/package/exclusive_lockConfigVersion.cmake"
  DESTINATION "${package_folder}")

# A shared library knows what it needs itself; with a static one the user's linker has to be told.
set(PKG_CONFIG_REQUIRES "spdlog")
set(PKG_CONFIG_REQUIRES_PRIVATE "")
if(BUILD_SHARED_LIBS)
  set(PKG_CONFIG_REQUIRES_PRIVATE "sqlite3, openssl")
else()
  string(APPEND PKG_CONFIG_REQUIRES ", sqlite3, openssl")
endif()
# From the folder of the .pc file up to the prefix, so that an installed tree can be moved.
file(RELATIVE_PATH PKG_CONFIG_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" PKG_CONFIG_PREFIX "${PKG_CONFIG_PREFIX}")
configure_file("${PROJECT_SOURCE_DIR}/cmake/exclusive_lock.pc.in"
  "${PROJECT_BINARY_DIR}/package/exclusive_lock.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/package/exclusive_lock.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
