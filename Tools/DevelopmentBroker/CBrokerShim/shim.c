// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CBrokerShim.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint16_t wanted_port;

void latchkey_broker_use_port(uint16_t port) { wanted_port = port; }

// librdkafka's mock cluster always binds port 0 of 127.0.0.1 and has no setting for it. A symbol of
// the executable comes before libc's, so its call ends here.
int bind(int socket, const struct sockaddr *address, socklen_t length) {
    int (*libc_bind)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "bind");
    if (wanted_port && address->sa_family == AF_INET && length >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in own = *(const struct sockaddr_in *)address;
        if (own.sin_port == 0 && own.sin_addr.s_addr == htonl(INADDR_LOOPBACK)) {
            int on = 1;  // a restart must not wait for connections of the last run
            setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
            own.sin_port = htons(wanted_port);
            if (libc_bind(socket, (const struct sockaddr *)&own, sizeof own) == 0) return 0;
            // The mock cluster of librdkafka 2.0.2 does not survive this: end here, in one line.
            dprintf(
                STDERR_FILENO, "latchkey-development-broker: cannot listen on 127.0.0.1:%d: %s\n",
                wanted_port, strerror(errno));
            _exit(1);
        }
    }
    return libc_bind(socket, address, length);
}

static sigset_t ending_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

void latchkey_broker_block_signals(void) {
    sigset_t set = ending_signals();
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

void latchkey_broker_wait(pid_t parent) {
    sigset_t set = ending_signals();
    // PR_SET_PDEATHSIG would watch the thread that started us, not the process.
    int process = parent ? (int)syscall(SYS_pidfd_open, parent, 0) : -1;
    if (parent && process < 0) return;
    struct pollfd watched[2] = {
        {.fd = signalfd(-1, &set, SFD_CLOEXEC), .events = POLLIN},
        {.fd = process, .events = POLLIN},
    };
    while (poll(watched, 2, -1) < 0) {
    }
}
