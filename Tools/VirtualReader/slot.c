// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE  // POLLRDHUP, accept4

#include "slot.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct slot {
    unsigned long lun;       // guarded by `table`, as is `is_open`
    bool is_open;
    int wake, closing;       // eventfd; `closing` is never read, so it stays readable
    int listener;
    pthread_mutex_t lock;    // guards what follows, for the whole of an exchange
    // The phone, or -1. Only slot_wait and slot_close close it: nobody else's poll may see its
    // number become another file.
    int phone;
    bool is_gone;            // has left or is to leave; slot_wait closes it
    uint8_t input[2 + SLOT_MESSAGE];
    size_t available;        // bytes in `input`
    uint8_t atr[SLOT_ATR];
    size_t atr_length;
};

static struct slot slots[SLOT_COUNT] = {
    [0 ... SLOT_COUNT - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER, .phone = -1},
};
static pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER;

// MARK: - Waiting

static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/// Waits until the phone can be read or written; false at the deadline or when the slot closes.
static bool wait_for(const struct slot *slot, short events, int64_t deadline) {
    for (;;) {
        int64_t rest = deadline - milliseconds();
        struct pollfd files[] = {
            {.fd = slot->phone, .events = events}, {.fd = slot->closing, .events = POLLIN}};
        int count = poll(files, 2, rest > 0 ? (int)rest : 0);
        if (count < 0 && errno == EINTR) continue;
        return count > 0 && files[1].revents == 0;
    }
}

static bool has_left(int file) {
    struct pollfd entry = {.fd = file, .events = POLLRDHUP};
    return poll(&entry, 1, 0) > 0;
}

// MARK: - Messages: length (2 bytes, big-endian), then that many bytes

static void put_out(struct slot *slot) {
    shutdown(slot->phone, SHUT_RDWR);  // wakes slot_wait
    slot->is_gone = true;
}

/// Whether a phone is there to be spoken to; forgets what it said unasked.
static bool may_speak(struct slot *slot) {
    if (slot->phone < 0 || slot->is_gone) return false;
    if (has_left(slot->phone)) {
        put_out(slot);
        return false;
    }
    slot->available = 0;
    for (int tries = 0; tries < 4; tries++) {
        if (recv(slot->phone, slot->input, sizeof slot->input, MSG_DONTWAIT) <= 0) return true;
    }
    put_out(slot);  // it never stops talking
    return false;
}

static size_t append(uint8_t *output, size_t at, const uint8_t *message, size_t length) {
    output[at] = (uint8_t)(length >> 8);
    output[at + 1] = (uint8_t)length;
    memcpy(output + at + 2, message, length);
    return at + 2 + length;
}

static bool send_all(const struct slot *slot, const uint8_t *bytes, size_t count, int64_t deadline) {
    for (size_t done = 0; done < count;) {
        ssize_t sent = send(slot->phone, bytes + done, count - done, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            done += (size_t)sent;
        } else if (sent == 0 || (errno != EAGAIN && errno != EINTR)) {
            return false;
        } else if (!wait_for(slot, POLLOUT, deadline)) {
            return false;
        }
    }
    return true;
}

/// The next message of the phone; its length, or -1.
static ssize_t receive(struct slot *slot, uint8_t *message, size_t size, int64_t deadline) {
    for (;;) {
        if (slot->available >= 2) {
            size_t length = (size_t)slot->input[0] << 8 | slot->input[1];
            if (length == 0 || length > size || length > SLOT_MESSAGE) return -1;
            if (slot->available >= 2 + length) {
                memcpy(message, slot->input + 2, length);
                slot->available -= 2 + length;
                memmove(slot->input, slot->input + 2 + length, slot->available);
                return (ssize_t)length;
            }
        }
        // There is room: `input` holds the longest message, and this one is not complete.
        if (!wait_for(slot, POLLIN, deadline)) return -1;
        ssize_t count = recv(
            slot->phone, slot->input + slot->available, sizeof slot->input - slot->available,
            MSG_DONTWAIT);
        if (count > 0) {
            slot->available += (size_t)count;
        } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
            return -1;
        }
    }
}

static bool is_atr(const uint8_t *message, ssize_t length) {
    return length >= 2 && length <= SLOT_ATR && (message[0] == 0x3B || message[0] == 0x3F);
}

// MARK: - What the reader does

bool slot_power_off(struct slot *slot) {
    static const uint8_t message[] = {0, 1, SLOT_POWER_OFF};
    pthread_mutex_lock(&slot->lock);
    bool is_done = may_speak(slot)
        && send_all(slot, message, sizeof message, milliseconds() + SLOT_DEADLINE);
    slot->atr_length = 0;
    pthread_mutex_unlock(&slot->lock);
    return is_done;
}

ssize_t slot_power_on(struct slot *slot, uint8_t how, uint8_t atr[SLOT_ATR]) {
    const uint8_t messages[] = {0, 1, how, 0, 1, 0x04};
    int64_t deadline = milliseconds() + SLOT_DEADLINE;
    ssize_t length = -1;
    pthread_mutex_lock(&slot->lock);
    slot->atr_length = 0;
    if (may_speak(slot)) {
        if (send_all(slot, messages, sizeof messages, deadline)) {
            length = receive(slot, slot->atr, sizeof slot->atr, deadline);
        }
        if (is_atr(slot->atr, length)) {
            slot->atr_length = (size_t)length;
            memcpy(atr, slot->atr, slot->atr_length);
        } else {
            length = -1;
            put_out(slot);
        }
    }
    pthread_mutex_unlock(&slot->lock);
    return length;
}

size_t slot_atr(struct slot *slot, uint8_t atr[SLOT_ATR]) {
    pthread_mutex_lock(&slot->lock);
    size_t length = slot->atr_length;
    memcpy(atr, slot->atr, length);
    pthread_mutex_unlock(&slot->lock);
    return length;
}

ssize_t slot_exchange(
    struct slot *slot, const uint8_t *command, size_t length, uint8_t *answer, size_t size
) {
    uint8_t output[2 + SLOT_MESSAGE];
    // A single byte is a message of the reader itself, so it can be no command.
    if (length < 2 || length > SLOT_MESSAGE) return -1;
    int64_t deadline = milliseconds() + SLOT_DEADLINE;
    ssize_t received = -1;
    pthread_mutex_lock(&slot->lock);
    if (may_speak(slot)) {
        if (send_all(slot, output, append(output, 0, command, length), deadline)) {
            received = receive(slot, answer, size, deadline);
        }
        // A late or torn answer would be taken for that of the next command.
        if (received < 2) {
            received = -1;
            put_out(slot);
        }
    }
    pthread_mutex_unlock(&slot->lock);
    return received;
}

bool slot_announce(struct slot *slot, const uint8_t *frame, size_t length) {
    static const uint8_t atr_request[] = {0x04};
    uint8_t output[2 + SLOT_MESSAGE + 3], message[SLOT_ATR];
    if (length < 2 || length > SLOT_MESSAGE) return false;
    int64_t deadline = milliseconds() + SLOT_DEADLINE;
    bool is_read = false;
    pthread_mutex_lock(&slot->lock);
    if (may_speak(slot)) {
        // Nobody answers a polling frame, but a phone that has never heard of them takes it for a
        // command. The answer to the question that follows tells where such an answer ended.
        size_t count = append(output, 0, frame, length);
        count = append(output, count, atr_request, sizeof atr_request);
        if (send_all(slot, output, count, deadline)) {
            for (int answers = 0; answers < 2 && !is_read; answers++) {
                ssize_t received = receive(slot, message, sizeof message, deadline);
                if (received < 0) break;
                is_read = is_atr(message, received);
            }
        }
        if (!is_read) put_out(slot);
    }
    pthread_mutex_unlock(&slot->lock);
    return is_read;
}

// MARK: - Presence

bool slot_is_present(struct slot *slot) {
    pthread_mutex_lock(&slot->lock);
    if (slot->phone >= 0 && !slot->is_gone && has_left(slot->phone)) put_out(slot);
    bool is_present = slot->phone >= 0 && !slot->is_gone;
    pthread_mutex_unlock(&slot->lock);
    return is_present;
}

/// Closes a phone that has left; `lock` is held.
static void let_out(struct slot *slot) {
    if (slot->phone >= 0) close(slot->phone);
    slot->phone = -1;
    slot->is_gone = false;
    slot->available = 0;
    slot->atr_length = 0;
}

/// Takes the next phone that waits; `lock` is held.
static bool let_in(struct slot *slot) {
    int file = accept4(slot->listener, NULL, NULL, SOCK_CLOEXEC);
    if (file < 0) return errno == EINTR || errno == EAGAIN || errno == ECONNABORTED;
    int on = 1;
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (has_left(file)) {
        close(file);  // it only looked whether somebody listens
    } else {
        slot->phone = file;
    }
    return true;
}

bool slot_wait(struct slot *slot, int timeout) {
    pthread_mutex_lock(&slot->lock);
    if (slot->is_gone) {
        let_out(slot);
        pthread_mutex_unlock(&slot->lock);
        return true;
    }
    bool is_empty = slot->phone < 0;
    struct pollfd files[] = {
        {.fd = is_empty ? slot->listener : slot->phone, .events = is_empty ? POLLIN : POLLRDHUP},
        {.fd = slot->wake, .events = POLLIN}};
    pthread_mutex_unlock(&slot->lock);

    if (poll(files, 2, timeout) <= 0) return true;
    if (files[1].revents != 0) {
        eventfd_t count;
        eventfd_read(slot->wake, &count);
    }
    if (files[0].revents == 0) return true;
    bool is_done = true;
    pthread_mutex_lock(&slot->lock);
    if (is_empty) {
        is_done = let_in(slot);
    } else {
        let_out(slot);
    }
    pthread_mutex_unlock(&slot->lock);
    return is_done;
}

void slot_wake(struct slot *slot) { eventfd_write(slot->wake, 1); }

// MARK: - The table

static int listen_on(uint16_t port) {
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (file < 0) return -1;
    int on = 1;
    setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(file, (struct sockaddr *)&address, sizeof address) == 0 && listen(file, 4) == 0) {
        return file;
    }
    int reason = errno;
    close(file);
    errno = reason;
    return -1;
}

int slot_open(unsigned long lun, uint16_t port) {
    int reason = ENFILE;
    pthread_mutex_lock(&table);
    struct slot *slot = NULL;
    for (int index = 0; index < SLOT_COUNT; index++) {
        if (slots[index].is_open && slots[index].lun == lun) {
            pthread_mutex_unlock(&table);
            return EEXIST;
        }
        if (!slots[index].is_open && slot == NULL) slot = &slots[index];
    }
    if (slot != NULL) {
        slot->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        slot->closing = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        slot->listener = listen_on(port);
        reason = errno;
        if (slot->wake >= 0 && slot->closing >= 0 && slot->listener >= 0) {
            slot->lun = lun;
            slot->is_open = true;
            reason = 0;
        } else {
            if (slot->wake >= 0) close(slot->wake);
            if (slot->closing >= 0) close(slot->closing);
            if (slot->listener >= 0) close(slot->listener);
        }
    }
    pthread_mutex_unlock(&table);
    return reason;
}

struct slot *slot_find(unsigned long lun) {
    struct slot *found = NULL;
    pthread_mutex_lock(&table);
    for (int index = 0; index < SLOT_COUNT && found == NULL; index++) {
        if (slots[index].is_open && slots[index].lun == lun) found = &slots[index];
    }
    pthread_mutex_unlock(&table);
    return found;
}

void slot_close(struct slot *slot) {
    eventfd_write(slot->closing, 1);
    slot_wake(slot);
    pthread_mutex_lock(&table);
    pthread_mutex_lock(&slot->lock);
    let_out(slot);
    slot->is_open = false;
    close(slot->listener);
    close(slot->wake);
    close(slot->closing);
    pthread_mutex_unlock(&slot->lock);
    pthread_mutex_unlock(&table);
}
