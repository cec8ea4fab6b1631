#pragma once
// EXCLUSIVE_LOCK_API marks what a shared build of the library lets others see; everything else is
// compiled with hidden visibility. In a static build it changes nothing.

#define EXCLUSIVE_LOCK_API __attribute__((visibility("default")))
