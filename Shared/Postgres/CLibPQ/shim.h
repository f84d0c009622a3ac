// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <libpq-fe.h>

// Character constants are not imported into Swift.
static inline const char *latchkey_pq_sqlstate(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_SQLSTATE);
}
static inline const char *latchkey_pq_primary(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
}
static inline const char *latchkey_pq_constraint(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
}
