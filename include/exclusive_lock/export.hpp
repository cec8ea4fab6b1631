#pragma once
// EXCLUSIVE_LOCK_API marks what a shared build of the library exports; everything else has hidden
// visibility. It has no effect on a static build.

#define EXCLUSIVE_LOCK_API __attribute__((visibility("default")))
