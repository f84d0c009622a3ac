// SPDX-License-Identifier: Apache-2.0

import GRDB

/// The tables of the state file, in the order they came to be.
enum Migrations {
    static func run(on database: DatabaseQueue) throws {
        var migrator = DatabaseMigrator()
        for (name, sql) in all {
            migrator.registerMigration(name) { try $0.execute(sql: sql) }
        }
        try migrator.migrate(database)
    }

    private static let all = [
        (
            "1 vehicles, log, reports",
            """
            CREATE TABLE vehicle (
                id TEXT PRIMARY KEY,
                provisioning BLOB NOT NULL,
                record BLOB NOT NULL,
                revision INTEGER NOT NULL,
                locked INTEGER NOT NULL,
                engine_running INTEGER NOT NULL,
                speed_limit INTEGER,
                document_version INTEGER NOT NULL,
                report_sequence INTEGER NOT NULL,
                spent_pairing TEXT
            ) STRICT;
            CREATE TABLE log (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                vehicle TEXT NOT NULL,
                entry BLOB NOT NULL
            ) STRICT;
            CREATE INDEX log_by_vehicle ON log (vehicle, id);
            CREATE TABLE report (
                vehicle TEXT NOT NULL,
                sequence INTEGER NOT NULL,
                at INTEGER NOT NULL,
                fact BLOB NOT NULL,
                sent INTEGER NOT NULL DEFAULT 0,
                PRIMARY KEY (vehicle, sequence)
            ) STRICT;
            CREATE INDEX report_unsent ON report (vehicle, sequence) WHERE sent = 0;
            CREATE TABLE refused (
                digest BLOB PRIMARY KEY,
                at INTEGER NOT NULL
            ) STRICT;
            """
        )
    ]
}
