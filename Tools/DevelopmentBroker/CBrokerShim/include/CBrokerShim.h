// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>
#include <sys/types.h>

/// The port which the next bind() to port 0 on loopback takes instead.
void latchkey_broker_use_port(uint16_t port);

/// Keeps SIGTERM and SIGINT for latchkey_broker_wait; to be called before any thread starts.
void latchkey_broker_block_signals(void);

/// Returns at SIGTERM, SIGINT or, when parent is not 0, at the end of that process.
void latchkey_broker_wait(pid_t parent);
