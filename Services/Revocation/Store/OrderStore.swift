// SPDX-License-Identifier: Apache-2.0

import Contracts
import Foundation
import Identifiers
import Messaging
import Postgres

/// The tables of the schema `revocation`, oldest first; 1 and 2 are outbox and inbox.
enum RevocationMigrations {
    static let all: [Migration] = [
        Migration(
            3, "orders, partners, keys",
            """
            CREATE TABLE orders (
                order_id text PRIMARY KEY,
                vehicle_id text NOT NULL,
                key_id text NOT NULL,
                stage text NOT NULL,
                body jsonb NOT NULL,
                requested_at timestamptz NOT NULL DEFAULT now(),
                updated_at timestamptz NOT NULL DEFAULT now(),
                attempts int NOT NULL DEFAULT 0,
                next_attempt_at timestamptz NOT NULL DEFAULT now(),
                last_error text
            );
            CREATE INDEX orders_of_vehicle ON orders (vehicle_id) WHERE stage <> 'DONE';
            CREATE INDEX orders_to_tell ON orders (next_attempt_at)
                WHERE stage = 'VEHICLE_CONFIRMED';

            CREATE TABLE partners (
                device_oem_id text PRIMARY KEY,
                server text,
                tls_root text
            );

            -- What operators may order about.
            CREATE TABLE keys (
                key_id text PRIMARY KEY,
                body jsonb NOT NULL
            );
            """)
    ]
}

/// Orders in PostgreSQL.
struct OrderStore {
    let transaction: Transaction

    init(_ transaction: Transaction) { self.transaction = transaction }

    /// Stores an order; false when it is there already.
    func insert(_ order: Order) async throws -> Bool {
        try await transaction.execute(
            """
            INSERT INTO orders (order_id, vehicle_id, key_id, stage, body)
            VALUES (\(order.orderId), \(order.vehicleId.description), \(order.keyId.description),
                \(order.stage.rawValue), \(try Self.json(order)))
            ON CONFLICT (order_id) DO NOTHING
            """) == 1
    }

    /// Reads an order and keeps others from changing it.
    func find(_ id: String) async throws -> Order? {
        try await transaction.query(
            "SELECT body FROM orders WHERE order_id = \(id) FOR UPDATE"
        ).first.map(Self.order)
    }

    /// Orders about a vehicle that are not done.
    func open(of vehicle: VehicleID) async throws -> [Order] {
        try await transaction.query(
            """
            SELECT body FROM orders WHERE vehicle_id = \(vehicle.description) AND stage NOT IN ('DONE', 'FAILED')
            ORDER BY requested_at FOR UPDATE
            """
        ).map(Self.order)
    }

    func save(_ order: Order) async throws {
        try await transaction.execute(
            """
            UPDATE orders SET stage = \(order.stage.rawValue), body = \(try Self.json(order)),
                updated_at = now(), last_error = NULL
            WHERE order_id = \(order.orderId)
            """)
    }

    /// Orders whose device has to be told now, with its server. Another instance skips them for the
    /// half minute the call may take.
    func takeDue(limit: Int) async throws -> [DueCall] {
        try await transaction.query(
            """
            WITH due AS (
                SELECT order_id FROM orders
                WHERE stage = 'VEHICLE_CONFIRMED' AND next_attempt_at <= now()
                ORDER BY next_attempt_at LIMIT \(limit) FOR UPDATE SKIP LOCKED
            )
            UPDATE orders SET attempts = attempts + 1,
                next_attempt_at = now() + interval '30 seconds'
            FROM due WHERE orders.order_id = due.order_id
            RETURNING orders.body, orders.attempts
            """
        ).map { DueCall(order: try Self.order($0), attempts: try $0.value("attempts")) }
    }

    /// The call failed: the next try waits longer each time, an hour at most.
    func postpone(_ id: String, attempts: Int, reason: String) async throws {
        let seconds = min(3600, 1 << min(attempts, 12))
        try await transaction.execute(
            """
            UPDATE orders SET next_attempt_at = now() + \(seconds) * interval '1 second',
                last_error = \(String(reason.prefix(500))) WHERE order_id = \(id)
            """)
    }

    /// Orders with their age, newest first, 200 at most.
    func newest() async throws -> [OrderView] {
        try await transaction.query(
            """
            SELECT body, attempts, last_error,
                extract(epoch FROM now() - requested_at)::bigint AS age
            FROM orders ORDER BY requested_at DESC LIMIT 200
            """
        ).map { row in
            OrderView(
                order: try Self.order(row), ageSeconds: try row.value("age"),
                attempts: try row.value("attempts"), lastError: try row.value("last_error"))
        }
    }

    /// How many orders stand at each stage but the last.
    func pending() async throws -> [(stage: String, count: Int, oldest: Int)] {
        try await transaction.query(
            """
            SELECT stage, count(*) AS count,
                extract(epoch FROM now() - min(requested_at))::bigint AS oldest
            FROM orders WHERE stage NOT IN ('DONE', 'FAILED') GROUP BY stage
            """
        ).map { (try $0.value("stage"), try $0.value("count"), try $0.value("oldest")) }
    }

    private static func order(_ row: Row) throws -> Order {
        try JSONDecoder().decode(Order.self, from: Data(row.value("body", as: String.self).utf8))
    }

    private static func json(_ order: Order) throws -> PostgresValue {
        .json(String(decoding: try JSONEncoder().encode(order), as: UTF8.self))
    }
}

/// An order whose device has to be told, and how often that was tried, this time included.
struct DueCall: Sendable {
    let order: Order
    let attempts: Int
}

/// An order as operators see it.
struct OrderView: Encodable, Sendable {
    let order: Order
    let ageSeconds: Int
    let attempts: Int
    let lastError: String?
}
