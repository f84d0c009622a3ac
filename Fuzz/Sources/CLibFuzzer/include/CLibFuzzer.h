// SPDX-License-Identifier: Apache-2.0
// What libFuzzer offers to programs with a main of their own.
#pragma once
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*test)(const uint8_t *data, size_t size));
