// SPDX-License-Identifier: Apache-2.0

public import Contracts
public import Foundation
internal import GRDB
public import Identifiers

/// What the device OEM remembers, in SQLite with a write-ahead log: its server and every phone
/// command use it at once.
public struct DeviceOEMStore: Sendable {
    let database: DatabasePool

    /// A key of one of its phones.
    public struct Key: Equatable, Sendable {
        public var keyId: KeyID
        /// Name of the phone.
        public var phone: String
        public var vehicleId: VehicleID
        public var vehicleOemId: String
        public var keyType: KeyType
        public var addedAt: Instant

        /// A key as its phone reports it.
        public init(
            keyId: KeyID, phone: String, vehicleId: VehicleID, vehicleOemId: String,
            keyType: KeyType, addedAt: Instant
        ) {
            self.keyId = keyId
            self.phone = phone
            self.vehicleId = vehicleId
            self.vehicleOemId = vehicleOemId
            self.keyType = keyType
            self.addedAt = addedAt
        }
    }

    /// An order of an automaker about a key, waiting for its phone.
    public struct Order: Equatable, Sendable {
        /// Place in the queue.
        public var number: Int64
        public var vehicleOemId: String
        public var keyId: KeyID
        public var action: KeyAction
        /// Base64 DER ServerCommand.
        public var serverCommand: String?
        /// Base64 DER ServerRequest of the owner.
        public var ownerRequest: String?
    }

    /// Something an automaker told about a key.
    public struct Notification: Equatable, Sendable {
        public var keyId: KeyID
        public var vehicleOemId: String
        public var eventType: String
        public var eventData: PartnerAPI.EventData
        public var receivedAt: Instant
    }

    /// Opens the file, or makes it.
    public init(file: URL) throws {
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        configuration.maximumReaderCount = 2
        do {
            database = try DatabasePool(path: file.path, configuration: configuration)
            try Self.migrator.migrate(database)
        } catch {
            throw DeviceOEMError.store("\(error)")
        }
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in
            try db.execute(
                sql: """
                    CREATE TABLE key (
                        keyId TEXT PRIMARY KEY, phone TEXT NOT NULL, vehicleId TEXT NOT NULL,
                        vehicleOemId TEXT NOT NULL, keyType TEXT NOT NULL, addedAt INTEGER NOT NULL
                    ) STRICT;
                    CREATE TABLE manageOrder (
                        number INTEGER PRIMARY KEY AUTOINCREMENT, vehicleOemId TEXT NOT NULL,
                        keyId TEXT NOT NULL REFERENCES key, action TEXT NOT NULL,
                        serverCommand TEXT, ownerRequest TEXT, receivedAt INTEGER NOT NULL,
                        outcome TEXT
                    ) STRICT;
                    CREATE INDEX waiting ON manageOrder (keyId) WHERE outcome IS NULL;
                    CREATE TABLE notification (
                        number INTEGER PRIMARY KEY AUTOINCREMENT, vehicleOemId TEXT NOT NULL,
                        keyId TEXT NOT NULL REFERENCES key, eventType TEXT NOT NULL,
                        eventData TEXT NOT NULL, receivedAt INTEGER NOT NULL
                    ) STRICT;
                    CREATE TABLE answer (
                        vehicleOemId TEXT NOT NULL, requestId TEXT NOT NULL, digest BLOB NOT NULL,
                        answeredAt INTEGER NOT NULL, PRIMARY KEY (vehicleOemId, requestId)
                    ) STRICT;
                    """)
        }
        return migrator
    }
}

// MARK: - Keys

extension DeviceOEMStore {
    /// Notes keys of a phone; a key that is known stays with the phone it was first seen on.
    public func add(_ keys: [Key]) throws {
        guard !keys.isEmpty else { return }
        try database.write { db in
            for key in keys {
                try db.execute(
                    sql: """
                        INSERT INTO key VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (keyId) DO NOTHING
                        """,
                    arguments: [
                        key.keyId.description, key.phone, key.vehicleId.description,
                        key.vehicleOemId, key.keyType.rawValue, key.addedAt.secondsSinceEpoch,
                    ])
            }
        }
    }

    /// All keys, oldest first.
    public func keys() throws -> [Key] {
        try database.read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM key ORDER BY addedAt, keyId").map(Self.key)
        }
    }

    private static func key(_ row: Row) throws -> Key {
        guard let type = KeyType(rawValue: row["keyType"]) else {
            throw DeviceOEMError.store("an unknown key type")
        }
        return Key(
            keyId: try KeyID(hex: row["keyId"] as String), phone: row["phone"],
            vehicleId: try VehicleID(hex: row["vehicleId"] as String),
            vehicleOemId: row["vehicleOemId"], keyType: type,
            addedAt: Instant(secondsSinceEpoch: row["addedAt"]))
    }
}

// MARK: - Orders and notifications

extension DeviceOEMStore {
    /// Orders about any of `keys` that nobody has carried out, oldest first.
    public func waitingOrders(of keys: [KeyID]) throws -> [Order] {
        let names = Set(keys.map(\.description))
        return try database.read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM manageOrder WHERE outcome IS NULL ORDER BY number"
            ).filter { names.contains($0["keyId"]) }.map { row in
                guard let action = KeyAction(rawValue: row["action"]) else {
                    throw DeviceOEMError.store("an unknown action")
                }
                return Order(
                    number: row["number"], vehicleOemId: row["vehicleOemId"],
                    keyId: try KeyID(hex: row["keyId"] as String), action: action,
                    serverCommand: row["serverCommand"], ownerRequest: row["ownerRequest"])
            }
        }
    }

    /// The phone has dealt with an order; `outcome` says how.
    public func close(_ order: Order, outcome: String) throws {
        try database.write { db in
            try db.execute(
                sql: "UPDATE manageOrder SET outcome = ? WHERE number = ?",
                arguments: [outcome, order.number])
        }
    }

    /// What was told about any of `keys`, newest first.
    public func notifications(of keys: [KeyID], limit: Int = 100) throws -> [Notification] {
        let names = Set(keys.map(\.description))
        let rows = try database.read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM notification ORDER BY number DESC")
        }
        return try rows.filter { names.contains($0["keyId"]) }.prefix(limit).map { row in
            let data = Data((row["eventData"] as String).utf8)
            return Notification(
                keyId: try KeyID(hex: row["keyId"] as String), vehicleOemId: row["vehicleOemId"],
                eventType: row["eventType"],
                eventData: try JSONDecoder().decode(PartnerAPI.EventData.self, from: data),
                receivedAt: Instant(secondsSinceEpoch: row["receivedAt"]))
        }
    }
}
