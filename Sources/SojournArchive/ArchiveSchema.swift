import GRDB

/// The tables of the archive (archive, "Tables").
enum ArchiveSchema {
    /// `PRAGMA user_version`.
    static let version = 3
    /// `PRAGMA application_id`: "SOJN".
    static let applicationID = 0x534F_4A4E

    /// What the archive and an image of sessions have in common.
    static let session = """
        CREATE TABLE session (
            number INTEGER PRIMARY KEY,
            property INTEGER NOT NULL,
            start INTEGER NOT NULL,
            id BLOB NOT NULL,
            visitor BLOB NOT NULL,
            ordinal INTEGER NOT NULL,
            "end" INTEGER NOT NULL,
            events INTEGER NOT NULL,
            views INTEGER NOT NULL,
            actions INTEGER NOT NULL,
            conversions INTEGER NOT NULL,
            value INTEGER NOT NULL,
            state INTEGER NOT NULL,
            boundary_out INTEGER,
            device INTEGER NOT NULL,
            channel INTEGER NOT NULL,
            country INTEGER NOT NULL,
            region INTEGER NOT NULL,
            referrer INTEGER NOT NULL,
            campaign_source INTEGER NOT NULL,
            campaign_medium INTEGER NOT NULL,
            campaign_name INTEGER NOT NULL,
            landing_page INTEGER NOT NULL,
            exit_page INTEGER NOT NULL,
            finished INTEGER NOT NULL,
            position INTEGER NOT NULL,
            place INTEGER NOT NULL,
            path TEXT NOT NULL
        );
        """

    /// Rows of `session` are only ever appended. Indexes would cost as much again: one by visitor would be written
    /// all over, a page for each session.
    static let sql = """
        CREATE TABLE archive (
            name TEXT PRIMARY KEY,
            value NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE text (
            id INTEGER PRIMARY KEY,
            text TEXT NOT NULL UNIQUE,
            uses INTEGER NOT NULL
        );
        \(session)
        CREATE TABLE stretch (
            first INTEGER PRIMARY KEY,
            last INTEGER NOT NULL,
            position INTEGER NOT NULL,
            place INTEGER NOT NULL,
            earliest INTEGER NOT NULL,
            latest INTEGER NOT NULL
        );
        CREATE UNIQUE INDEX stretch_place ON stretch (position, place);
        CREATE TABLE revision (
            position INTEGER NOT NULL,
            place INTEGER NOT NULL,
            property INTEGER NOT NULL,
            number INTEGER NOT NULL,
            from_id BLOB NOT NULL,
            into_id BLOB NOT NULL,
            partition INTEGER NOT NULL,
            PRIMARY KEY (position, place)
        ) WITHOUT ROWID;
        CREATE INDEX revision_into ON revision (into_id);
        CREATE TABLE hour (
            property INTEGER NOT NULL,
            hour INTEGER NOT NULL,
            part INTEGER NOT NULL,
            sessions INTEGER NOT NULL,
            facts BLOB NOT NULL,
            PRIMARY KEY (property, hour, part)
        ) WITHOUT ROWID;
        CREATE VIEW session_text AS SELECT
            property, start, "end", lower(hex(id)) AS id, lower(hex(visitor)) AS visitor, ordinal,
            events, views, actions, conversions, value, state, boundary_out,
            (SELECT text FROM text WHERE text.id = device) AS device,
            (SELECT text FROM text WHERE text.id = channel) AS channel,
            (SELECT text FROM text WHERE text.id = country) AS country,
            (SELECT text FROM text WHERE text.id = region) AS region,
            (SELECT text FROM text WHERE text.id = referrer) AS referrer,
            (SELECT text FROM text WHERE text.id = campaign_source) AS campaign_source,
            (SELECT text FROM text WHERE text.id = campaign_medium) AS campaign_medium,
            (SELECT text FROM text WHERE text.id = campaign_name) AS campaign_name,
            (SELECT text FROM text WHERE text.id = landing_page) AS landing_page,
            (SELECT text FROM text WHERE text.id = exit_page) AS exit_page
        FROM session;
        PRAGMA user_version = \(version);
        PRAGMA application_id = \(applicationID);
        """

    /// The columns of dimensions, in the order of `ReportDimension`.
    static let dimensions = [
        "device", "channel", "country", "region", "referrer", "campaign_source", "campaign_medium",
        "campaign_name", "landing_page", "exit_page",
    ]
}
