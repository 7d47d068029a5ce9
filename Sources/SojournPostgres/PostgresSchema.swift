/// The tables of an archive in PostgreSQL (archive, "PostgreSQL").
enum PostgresSchema {
    static let version: Int64 = 2

    /// Whoever makes or looks for the tables does so alone.
    static let lock = "SELECT pg_advisory_xact_lock(6002462961034876494)"

    static let sql = """
        CREATE SCHEMA IF NOT EXISTS sojourn;
        CREATE TABLE sojourn.archive (version bigint NOT NULL);
        INSERT INTO sojourn.archive VALUES (\(version));
        CREATE TABLE sojourn.writer (
            writer bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
            deployment uuid NOT NULL,
            partitions text NOT NULL,
            position bigint NOT NULL DEFAULT 0,
            place bigint NOT NULL DEFAULT 0,
            last_text bigint NOT NULL DEFAULT 0,
            epoch bigint NOT NULL DEFAULT 0,
            UNIQUE (deployment, partitions)
        );
        CREATE TABLE sojourn.text (
            writer bigint NOT NULL REFERENCES sojourn.writer,
            id bigint NOT NULL,
            text bytea NOT NULL,
            uses bigint NOT NULL,
            PRIMARY KEY (writer, id),
            UNIQUE (writer, text)
        ) WITH (fillfactor = 80);
        CREATE TABLE sojourn.session (
            writer bigint NOT NULL,
            property bigint NOT NULL,
            start bigint NOT NULL,
            id uuid NOT NULL,
            visitor bytea NOT NULL,
            ordinal bigint NOT NULL,
            "end" bigint NOT NULL,
            events bigint NOT NULL,
            views bigint NOT NULL,
            actions bigint NOT NULL,
            conversions bigint NOT NULL,
            value bigint NOT NULL,
            state bigint NOT NULL,
            boundary_out bigint NOT NULL,
            device bigint NOT NULL,
            channel bigint NOT NULL,
            country bigint NOT NULL,
            region bigint NOT NULL,
            referrer bigint NOT NULL,
            campaign_source bigint NOT NULL,
            campaign_medium bigint NOT NULL,
            campaign_name bigint NOT NULL,
            landing_page bigint NOT NULL,
            exit_page bigint NOT NULL,
            finished bigint NOT NULL,
            position bigint NOT NULL,
            place bigint NOT NULL,
            path text NOT NULL,
            PRIMARY KEY (writer, position, place)
        );
        CREATE INDEX session_start ON sojourn.session (writer, property, start);
        CREATE INDEX session_visitor ON sojourn.session (writer, property, visitor);
        CREATE TABLE sojourn.revision (
            writer bigint NOT NULL,
            position bigint NOT NULL,
            place bigint NOT NULL,
            property bigint NOT NULL,
            number bigint NOT NULL,
            from_id uuid NOT NULL,
            into_id uuid NOT NULL,
            partition bigint NOT NULL,
            PRIMARY KEY (writer, position, place)
        );
        CREATE INDEX revision_into ON sojourn.revision (writer, into_id);
        CREATE TABLE sojourn.hour (
            writer bigint NOT NULL,
            property bigint NOT NULL,
            hour bigint NOT NULL,
            part bigint NOT NULL,
            sessions bigint NOT NULL,
            facts bytea NOT NULL,
            PRIMARY KEY (writer, property, hour, part)
        );
        ALTER TABLE sojourn.hour ALTER facts SET STORAGE EXTERNAL;
        CREATE FUNCTION sojourn.text_of(whose bigint, which bigint) RETURNS text
            LANGUAGE sql STABLE AS $$
                SELECT CASE WHEN position('\\x00'::bytea IN text) = 0
                    THEN convert_from(text, 'UTF8') ELSE encode(text, 'escape') END
                FROM sojourn.text WHERE writer = whose AND id = which
            $$;
        CREATE VIEW sojourn.session_text AS SELECT
            deployment, partitions, property, to_timestamp(start / 1000.0) AS start,
            to_timestamp("end" / 1000.0) AS "end", id, encode(visitor, 'hex') AS visitor, ordinal,
            events, views, actions, conversions, value, state, boundary_out,
            sojourn.text_of(writer, device) AS device,
            sojourn.text_of(writer, channel) AS channel,
            sojourn.text_of(writer, country) AS country,
            sojourn.text_of(writer, region) AS region,
            sojourn.text_of(writer, referrer) AS referrer,
            sojourn.text_of(writer, campaign_source) AS campaign_source,
            sojourn.text_of(writer, campaign_medium) AS campaign_medium,
            sojourn.text_of(writer, campaign_name) AS campaign_name,
            sojourn.text_of(writer, landing_page) AS landing_page,
            sojourn.text_of(writer, exit_page) AS exit_page
        FROM sojourn.session JOIN sojourn.writer USING (writer);
        """

    /// The columns of dimensions, in the order of `ReportDimension`.
    static let dimensions = [
        "device", "channel", "country", "region", "referrer", "campaign_source", "campaign_medium",
        "campaign_name", "landing_page", "exit_page",
    ]
}
